/** What a quarantine holds, for the run that recovers it: the answer to the query `runSnapshot`. Its items are its records. */
import { quarantinedRecord, quarantineState } from '../../contracts/quarantine/shapes.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type { StateParsers } from '../../contracts/recovery/parse.ts';
import { list, parse } from '../../lib/pure/shape.ts';

export function snapshotOf(state: QuarantineState): { readonly state: QuarantineState; readonly items: number } {
  return { state: { ...state, records: [] }, items: state.records.length };
}

export const QUARANTINE_PARSERS: StateParsers<QuarantineState, QuarantinedRecord> = {
  state: (value) => parse(quarantineState, value),
  carried: (value) => parse(quarantineState, value),
  items: (value) => parse(list(quarantinedRecord), value),
};
