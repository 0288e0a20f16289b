import type { PipelineOptions, StartPoint } from './options.ts';
import type { PipelineState } from './state.ts';
import type { KnownStream } from './stream-identity.ts';
import type { Version } from '../version.ts';

/** Argument of the pipeline workflow. `carried` is set by continue-as-new and by a restart after the workflow was closed. */
export interface PipelineInput {
  readonly version: Version;
  readonly pipeline: string;
  /** The stream that it reads, such as `kinesis:orders`; settings that name another stream are refused. */
  readonly source: string;
  readonly startAt: StartPoint;
  readonly options: PipelineOptions;
  /** Number of pools that its keys share; never changes. Absent if each key has its own lane. */
  readonly pools?: number;
  /** The stream as the starting process saw it. Absent if it could not be described. */
  readonly stream?: KnownStream;
  readonly carried?: PipelineState;
}

/** Updates of the pipeline workflow. */
export const PIPELINE_UPDATES = { pause: 'pause', resume: 'resume', configure: 'configure' } as const;

/** What a process sends to a running pipeline when it starts. */
export interface PipelineConfiguration {
  readonly options: PipelineOptions;
}

export interface PipelineCommandArgs {
  readonly by?: string;
  readonly reason?: string;
}
