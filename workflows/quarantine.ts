import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { QUERIES, SIGNALS } from '../contracts/names.ts';
import type {
  QuarantinedRecord,
  QuarantineInput,
  QuarantineSignal,
  QuarantineState,
  QuarantineView,
} from '../contracts/quarantine.ts';
import { isQuarantineSignal } from './lane/inputs.ts';
import { isBeyond } from './lane/marks.ts';

const SHOWN = 20;

/** Keeps the records of a pipeline that have no usable key, each once, until a person decides (O5, O6, O8). */
export async function quarantine(input: QuarantineInput): Promise<void> {
  let state: QuarantineState = input.carried ?? { records: [], marks: {} };
  let signals = 0;
  setHandler(defineQuery<QuarantineView>(QUERIES.quarantine), () => {
    return { count: state.records.length, records: state.records.slice(0, SHOWN) };
  });
  setHandler(defineSignal<[unknown]>(SIGNALS.records), (signal) => {
    signals += 1;
    if (isQuarantineSignal(signal)) state = keep(state, signal);
    else log.error('A signal `records` that no bridge can have sent is left out', { signal });
  });
  await CancellationScope.nonCancellable(() =>
    condition(() => {
      const isDue = signals >= input.signalsPerRun || workflowInfo().continueAsNewSuggested;
      return isDue && allHandlersFinished();
    }),
  );
  await continueAsNew<typeof quarantine>({ ...input, carried: state });
}

/** It never ends and never forgets a mark, so a resend is always known (O6). */
function keep(state: QuarantineState, signal: QuarantineSignal): QuarantineState {
  const marks = { ...state.marks };
  const fresh: QuarantinedRecord[] = [];
  for (const record of signal.records) {
    if (!isBeyond(marks, record.position)) continue;
    marks[record.position.shardId] = record.position;
    fresh.push(record);
  }
  return { records: [...state.records, ...fresh], marks };
}
