import type { PipelineOptions, StartPoint } from './options.ts';
import type { PipelineState } from './state.ts';

/** Answer of the query `pipeline`. */
export interface PipelineView {
  readonly pipeline: string;
  readonly source: string;
  readonly startAt: StartPoint;
  readonly state: PipelineState;
  readonly options: PipelineOptions;
  /** Absent when each key has a lane of its own. */
  readonly pools?: number;
  /** The shards of each reader that is out. */
  readonly readers: readonly (readonly string[])[];
}
