import type { PipelineOptions, StartPoint } from './options.ts';
import type { CarriedState } from './state.ts';
import type { KnownStream } from './stream-identity.ts';

/** Argument of the pipeline workflow. `carried` is set by continue-as-new and by a recovery from a closed run. */
export interface PipelineInput {
  readonly version: 1;
  readonly pipeline: string;
  /** Which stream it reads, to notice settings that changed it: `kinesis:orders`. */
  readonly source: string;
  readonly startAt: StartPoint;
  readonly options: PipelineOptions;
  /** How many pools its keys share, for good. Absent when each key has a lane of its own. */
  readonly pools?: number;
  /** As the process that started it saw its stream. Absent when it could not see it. */
  readonly stream?: KnownStream;
  readonly carried?: CarriedState;
}

/** Updates of the pipeline workflow. */
export const PIPELINE_UPDATES = { pause: 'pause', resume: 'resume', configure: 'configure' } as const;

/** What a process that joins a running pipeline brings along. */
export interface PipelineConfiguration {
  readonly options: PipelineOptions;
}

export interface PipelineCommandArgs {
  readonly by?: string;
  readonly reason?: string;
}
