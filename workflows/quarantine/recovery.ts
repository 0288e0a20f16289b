/** How a quarantine puts together what a terminated run of it held: see workflows/shared/recovery/recover-run.ts. */
import { condition } from '@temporalio/workflow';
import { segmentWorkflowId } from '../../contracts/names.ts';
import { parseQuarantineRecords } from '../../contracts/quarantine/parse.ts';
import type { QuarantineLimits } from '../../contracts/quarantine/options.ts';
import type { QuarantineSignal } from '../../contracts/quarantine/messages.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type { EndedRun } from '../../contracts/run.ts';
import { firstSegments, withoutFirst } from '../../contracts/lane/segment-ranges.ts';
import { recoverRun, type Recovery } from '../shared/recovery/recover-run.ts';
import { recoveredState } from './verbs/jobs.ts';
import { QUARANTINE_PARSERS } from './snapshot.ts';
import { emptyQuarantine, keep, unacknowledgedOf, withLoss, withoutHolding } from './state.ts';
import { startSearch } from './work.ts';

export interface RecoveryDeps {
  readonly pipeline: string;
  readonly limits: QuarantineLimits;
  /** Moves what is too much for the state into segments. */
  readonly shorten: (state: QuarantineState) => Promise<QuarantineState>;
}

/** Segments that are counted at a time. */
const COUNTED_AT_A_TIME = 50;

export async function recoverQuarantine(run: EndedRun, deps: RecoveryDeps): Promise<QuarantineState> {
  return await counted(await recoverRun(run, quarantineRecovery(deps)), deps);
}

export function quarantineRecovery({
  limits,
  shorten,
}: Omit<RecoveryDeps, 'pipeline'>): Recovery<QuarantineState, QuarantinedRecord, QuarantineSignal, QuarantineState> {
  return {
    subject: 'The quarantine',
    consequence: 'Records without a key may be missing.',
    parse: {
      ...QUARANTINE_PARSERS,
      signal: parseQuarantineRecords,
    },
    // It remembers since ever: what is dropped for being old is lost if that is wrong.
    empty: () => emptyQuarantine(0),
    begin: (state, { how }) => recoveredState(state, how, limits),
    addItems: async (state, records) => await shorten({ ...state, records: [...state.records, ...records] }),
    addSignals: async (state, signals) =>
      await shorten(signals.reduce((held, signal) => keep(held, signal, limits), state)),
    markLost: withLoss,
  };
}

/** A segment may have been sent more decisions than the state of the terminated run knows: that run had no further workflow task. */
async function counted(given: QuarantineState, { pipeline }: RecoveryDeps): Promise<QuarantineState> {
  let state = given;
  let held = 0;
  for (let left = given.segments; left.length > 0; left = withoutFirst(left, COUNTED_AT_A_TIME)) {
    const names = firstSegments(left, COUNTED_AT_A_TIME);
    const segments = names.map((name) => segmentWorkflowId(pipeline, name));
    const nothing = { selection: { kind: 'positions', positions: [] }, from: 0, max: 0 } as const;
    const search = startSearch(
      { pipeline, segments, ...nothing, decided: unacknowledgedOf(state, names) },
      false,
      () => {},
    );
    await condition(() => search.ended !== undefined);
    // Then only the count is wrong, until all records have been decided.
    if (search.ended?.kind !== 'found') return given;
    const { empty = [], undecided } = search.ended.finding;
    held += undecided;
    state = names.filter((_name, at) => empty.includes(segments[at] ?? '')).reduce(withoutHolding, state);
  }
  return { ...state, held };
}
