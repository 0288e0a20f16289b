/** Reads what a terminated run held, by activities. Each answer is parsed here, once. */
import { log, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import {
  parseSignalsPage,
  parseSnapshot,
  parseSnapshotPage,
  type HeldByRun,
  type ItemsPage,
  type StateParsers,
} from '../../../contracts/recovery/parse.ts';
import type { RecoveryActivities, RunGone, SignalsPage } from '../../../contracts/recovery/messages.ts';
import type { EndedRun, HistoryPlace, RunName } from '../../../contracts/run.ts';
import { InvalidValueError, type Parsed } from '../../../lib/pure/shape.ts';

/** Histories may be long, and nothing can be handled before the answer is here: so it is retried for about an hour. */
const activities = proxyActivities<RecoveryActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 120, initialInterval: '1s', maximumInterval: '30s' },
});

/**
 * A malformed answer is asked for again: while a new version is deployed, another process may give a better one. It is never taken
 * for a loss. The workflow task fails instead, and Temporal repeats it until a process has code that can read the answer.
 */
const MAX_MALFORMED_ANSWERS = 3;
const MALFORMED_RETRY_MS = 60_000;

/** What was asked for cannot be read anymore: it is lost. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly why: string;
}

export async function readSnapshot<State>(
  run: EndedRun,
  parsers: Pick<StateParsers<State, never>, 'state' | 'carried'>,
): Promise<HeldByRun<State> | Unreadable> {
  const ask = () => activities.runSnapshot(nameOf(run));
  return await readUntilParsed('snapshot', run, ask, (value) => parseSnapshot(parsers, value));
}

export async function readItems<Item>(
  run: EndedRun,
  parsers: Pick<StateParsers<never, Item>, 'items'>,
  from: number,
): Promise<ItemsPage<Item> | Unreadable> {
  const ask = () => activities.snapshotPage(nameOf(run), from);
  const page = await readUntilParsed('page of items', run, ask, (value) => parseSnapshotPage(parsers, value));
  // The run has said how many items there are. Without this the same page would be asked for again, endlessly.
  if (page.kind === 'page' && page.items.length === 0) return { kind: 'unreadable', why: `there is no item ${from}` };
  return page;
}

export async function readUnseenSignals(run: EndedRun, from: HistoryPlace): Promise<SignalsPage | Unreadable> {
  const ask = () => activities.unseenSignals(nameOf(run), from);
  return await readUntilParsed('page of signals', run, ask, parseSignalsPage);
}

async function readUntilParsed<T extends { readonly kind: string }>(
  what: string,
  { runId }: EndedRun,
  ask: () => Promise<unknown>,
  parseAnswer: (value: unknown) => Parsed<T | RunGone>,
): Promise<T | Unreadable> {
  for (let malformed = 1; ; malformed += 1) {
    let answer: unknown;
    try {
      answer = await ask();
    } catch (error) {
      log.error(`The ${what} of a terminated run cannot be read`, { error, runId });
      return { kind: 'unreadable', why: 'no worker could read it within about an hour' };
    }
    const parsed = parseAnswer(answer);
    if ('value' in parsed && !isGone(parsed.value)) return parsed.value;
    if ('value' in parsed) return { kind: 'unreadable', why: 'Temporal does not have that run anymore' };
    const { problem } = parsed;
    log.error(`The ${what} of a terminated run is malformed`, { problem, runId });
    if (malformed >= MAX_MALFORMED_ANSWERS) throw new InvalidValueError(`The ${what} of run ${runId}`, problem);
    await sleep(MALFORMED_RETRY_MS);
  }
}

function isGone(answer: { readonly kind: string }): answer is RunGone {
  return answer.kind === 'gone';
}

function nameOf({ runId }: EndedRun): RunName {
  return { workflowId: workflowInfo().workflowId, runId };
}
