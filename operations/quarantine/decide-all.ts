/** A verb on any number of records of a quarantine. */
import type { Client } from '@temporalio/client';
import type { NewDataArgs } from '../../contracts/event/new-data.ts';
import {
  MAX_POSITIONS,
  type QuarantineDecision,
  type QuarantineVerbName,
} from '../../contracts/quarantine/decision.ts';
import type { LargeEventsSettings } from '../../settings/settings.ts';
import { decideQuarantineWithData } from '../decisions/replace.ts';
import { NothingInQuarantineError } from '../errors.ts';

/** Which records are meant. */
export type QuarantineSelection =
  { readonly positions: readonly string[] } | { readonly matching: string } | { readonly all: true };

export interface QuarantineRequest {
  readonly pipeline: string;
  readonly verb: QuarantineVerbName;
  readonly selection: QuarantineSelection;
  readonly by: string;
  readonly reason?: string;
  readonly data?: NewDataArgs;
  readonly largeEvents: LargeEventsSettings;
  readonly onDecided?: (decision: QuarantineDecision) => void;
  readonly onRejected?: (error: NothingInQuarantineError) => void;
}

export interface QuarantineResult {
  readonly decisions: readonly QuarantineDecision[];
  /** Records that have left the quarantine, and records that were meant and have not. */
  readonly resolved: number;
  readonly unresolved: number;
}

/**
 * Has the quarantine carry out a verb. Many positions take several requests, of which one that is rejected does not stop the
 * others.
 * @throws {NothingInQuarantineError} if it is the only request
 */
export async function decideQuarantineAll(client: Client, request: QuarantineRequest): Promise<QuarantineResult> {
  const { by, data = {}, largeEvents, pipeline, reason, selection, verb } = request;
  const who = { by, ...(reason === undefined ? {} : { reason }) };
  const parts = partsOf(selection);
  const decisions: QuarantineDecision[] = [];
  for (const part of parts) {
    try {
      const verdict = { pipeline, verb, args: { ...part, ...who, ...data } };
      const decision = await decideQuarantineWithData(client, verdict, largeEvents);
      decisions.push(decision);
      request.onDecided?.(decision);
    } catch (error) {
      if (parts.length === 1 || !(error instanceof NothingInQuarantineError)) throw error;
      request.onRejected?.(error);
    }
  }
  return { decisions, ...countsOf(decisions, 'positions' in selection ? selection.positions.length : 0) };
}

/** A request names a limited number of positions. */
function partsOf(selection: QuarantineSelection): readonly QuarantineSelection[] {
  if (!('positions' in selection)) return [selection];
  const { positions } = selection;
  return Array.from({ length: Math.ceil(positions.length / MAX_POSITIONS) }, (_, nth) => {
    return { positions: positions.slice(nth * MAX_POSITIONS, (nth + 1) * MAX_POSITIONS) };
  });
}

function countsOf(decisions: readonly QuarantineDecision[], named: number) {
  const resolved = decisions.reduce((sum, decision) => sum + decision.decided, 0);
  const kept = decisions.reduce((sum, decision) => sum + decision.kept, 0);
  return { resolved, unresolved: Math.max(kept, named - resolved) };
}
