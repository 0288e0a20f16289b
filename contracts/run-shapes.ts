import { number, object, string, type Shape } from '../lib/pure/shape.ts';
import type { EndedRun, StartedAfter } from './run.ts';

export const endedRun: Shape<EndedRun> = object<EndedRun>({ runId: string, how: string, at: number });

export const startedAfter: Shape<StartedAfter> = object<StartedAfter>({ runId: string, seenAt: number });
