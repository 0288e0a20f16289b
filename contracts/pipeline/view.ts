import type { PipelineOptions, StartPoint } from './options.ts';
import type { PipelineState } from './state.ts';

/** Answer of the query `pipeline`. */
export interface PipelineView {
  readonly pipeline: string;
  readonly source: string;
  readonly startAt: StartPoint;
  readonly state: PipelineState;
  readonly options: PipelineOptions;
  /** Absent if each key has its own lane. */
  readonly pools?: number;
  /** The shards of each running reader. */
  readonly readers: readonly (readonly string[])[];
}
