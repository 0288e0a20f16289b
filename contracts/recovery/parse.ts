/** One parser for each answer of the activities that recover a terminated run. What is missing in one is never a success. */
import {
  count,
  list,
  object,
  oneOf,
  optional,
  parse,
  string,
  tagged,
  unknown,
  type Parsed,
  type Shape,
} from '../../lib/pure/shape.ts';
import type { EndedRun, HistoryPlace, LatestRun, RunSnapshot } from '../run.ts';
import { endedRun } from '../run-shapes.ts';
import type { RunGone, SignalsPage, SnapshotAnswer, SnapshotPage } from './messages.ts';

type Variant<T, Kind extends string> = Extract<T, { readonly kind: Kind }>;

/** How to parse what a lane, a pool or a quarantine holds. */
export interface StateParsers<State, Item> {
  /** The state in its answer to the query `runSnapshot`. */
  state(value: unknown): Parsed<State>;
  /** The state that an earlier run carried over to one that never did anything: it has its items in it. */
  carried(value: unknown): Parsed<State>;
  items(value: unknown): Parsed<readonly Item[]>;
}

/** What a run held as of its last workflow task, and where the signals begin that no workflow task has processed. */
export type HeldByRun<State> =
  | { readonly kind: 'state'; readonly state: State; readonly items: number; readonly unseen: HistoryPlace }
  /** It began empty and never did anything. */
  | { readonly kind: 'nothing'; readonly unseen: HistoryPlace }
  /** All that it was sent is unseen: what was processed has waited for the recovery. */
  | { readonly kind: 'recovering'; readonly predecessor: EndedRun; readonly unseen: HistoryPlace };

const BEGINNING: HistoryPlace = { page: null, after: 0 };

const gone = object<RunGone>({ kind: oneOf('gone') });

const historyPlace = object<HistoryPlace>({ page: nullable(string), after: count });

const snapshotAnswer = tagged<SnapshotAnswer | RunGone, 'kind'>('kind', {
  gone,
  snapshot: object<Variant<SnapshotAnswer, 'snapshot'>>({
    kind: oneOf('snapshot'),
    snapshot: unknown,
    unseen: historyPlace,
  }),
  input: object<Variant<SnapshotAnswer, 'input'>>({
    kind: oneOf('input'),
    carried: unknown,
    predecessor: nullable(endedRun),
    unseen: historyPlace,
  }),
});

const runSnapshot = tagged<RunSnapshot<unknown>, 'kind'>('kind', {
  state: object<Variant<RunSnapshot<unknown>, 'state'>>({ kind: oneOf('state'), state: unknown, items: count }),
  recovering: object<Variant<RunSnapshot<unknown>, 'recovering'>>({ kind: oneOf('recovering'), predecessor: endedRun }),
});

export function parseSnapshot<State>(
  parsers: Pick<StateParsers<State, never>, 'state' | 'carried'>,
  value: unknown,
): Parsed<HeldByRun<State> | RunGone> {
  const parsed = parse(snapshotAnswer, value);
  if ('problem' in parsed) return parsed;
  const answer = parsed.value;
  if (answer.kind === 'gone') return { value: answer };
  return answer.kind === 'input' ? ofInput(parsers, answer) : ofQuery(parsers, answer);
}

function ofInput<State>(
  parsers: Pick<StateParsers<State, never>, 'carried'>,
  { carried, predecessor, unseen }: Variant<SnapshotAnswer, 'input'>,
): Parsed<HeldByRun<State>> {
  if (predecessor !== null) return { value: { kind: 'recovering', predecessor, unseen: BEGINNING } };
  if (carried === null) return { value: { kind: 'nothing', unseen } };
  const state = parsers.carried(carried);
  return 'problem' in state ? state : { value: { kind: 'state', state: state.value, items: 0, unseen } };
}

function ofQuery<State>(
  parsers: Pick<StateParsers<State, never>, 'state'>,
  { snapshot, unseen }: Variant<SnapshotAnswer, 'snapshot'>,
): Parsed<HeldByRun<State>> {
  const parsed = parse(runSnapshot, snapshot);
  if ('problem' in parsed) return parsed;
  if (parsed.value.kind === 'recovering') return { value: { ...parsed.value, unseen: BEGINNING } };
  const state = parsers.state(parsed.value.state);
  return 'problem' in state ? state : { value: { ...parsed.value, state: state.value, unseen } };
}

const snapshotPage = tagged<SnapshotPage | RunGone, 'kind'>('kind', {
  gone,
  page: object<SnapshotPage>({ kind: oneOf('page'), items: list(unknown) }),
});

/** Items are events or records, and none may be lost: so a page with a malformed one is malformed. */
export function parseSnapshotPage<Item>(
  parsers: Pick<StateParsers<never, Item>, 'items'>,
  value: unknown,
): Parsed<ItemsPage<Item> | RunGone> {
  const parsed = parse(snapshotPage, value);
  if ('problem' in parsed) return parsed;
  if (parsed.value.kind === 'gone') return { value: parsed.value };
  const items = parsers.items(parsed.value.items);
  return 'problem' in items ? items : { value: { kind: 'page', items: items.value } };
}

export interface ItemsPage<Item> extends SnapshotPage {
  readonly items: readonly Item[];
}

const signalsPage = tagged<SignalsPage | RunGone, 'kind'>('kind', {
  gone,
  signals: object<SignalsPage>({ kind: oneOf('signals'), signals: list(unknown), next: nullable(historyPlace) }),
});

/** Its signals are parsed one by one by whoever takes them: anybody can send one, and a malformed one hides no other. */
export function parseSignalsPage(value: unknown): Parsed<SignalsPage | RunGone> {
  return parse(signalsPage, value);
}

const startId = optional(string);

const latestRun = tagged<LatestRun, 'state'>('state', {
  open: object<Extract<LatestRun, { readonly state: 'open' }>>({ state: oneOf('open'), startId }),
  completed: object<Extract<LatestRun, { readonly state: 'completed' }>>({
    state: oneOf('completed'),
    runId: string,
    startId,
  }),
  ended: object<Extract<LatestRun, { readonly state: 'ended' }>>({ state: oneOf('ended'), run: endedRun, startId }),
  unknown: object<Extract<LatestRun, { readonly state: 'unknown' }>>({ state: oneOf('unknown'), startId }),
});

/** The answer about the latest run of a workflow, or about the one that preceded a run. */
export function parseLatestRun(value: unknown): Parsed<LatestRun> {
  return parse(latestRun, value);
}

function nullable<T>(inner: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? undefined : inner(value));
}
