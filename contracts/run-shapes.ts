import { number, object, optional, string, type Shape } from '../lib/pure/shape.ts';
import type { EndedRun, StartedAfter } from './run.ts';

export const endedRun: Shape<EndedRun> = object<EndedRun>({ runId: string, how: string, at: number });

export const startedAfter: Shape<StartedAfter> = object<StartedAfter>({ runId: string, seenAt: number });

/** What every workflow that can recover a terminated run is given about it. */
export const recoveryFields = { predecessor: optional(endedRun), after: optional(startedAfter) };
