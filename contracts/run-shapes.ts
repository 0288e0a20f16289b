import { number, object, string, type Shape } from '../lib/pure/shape.ts';
import type { EndedRun } from './run.ts';

export const endedRun: Shape<EndedRun> = object<EndedRun>({ runId: string, how: string, at: number });
