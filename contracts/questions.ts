import type { Position } from './event/position.ts';
import type { SegmentSlice, SliceAnswer } from './lane/backlog.ts';
import type { LatestRun, RunName } from './run.ts';

/** Activities with which lanes, pools and quarantines query other workflows, and Temporal about themselves. */
export interface QuestionActivities {
  /**
   * The durable checkpoints of those of the shards that the pipeline knows. The answer stays in the history of the workflow,
   * so a lane asks for its own shards and not for a thousand.
   */
  checkpoints(pipeline: string, shardIds: readonly string[]): Promise<Record<string, ShardCheckpoint>>;
  /** Events of a segment, beginning with the first one that is asked for. */
  slice(slice: SegmentSlice): Promise<SliceAnswer>;
  latestRun(workflowId: string): Promise<LatestRun>;
  /** What Temporal knows of the one pending `runEvent` of a lane; null when there is none. */
  pendingEvent(lane: RunName): Promise<PendingEvent | null>;
}

export interface PendingEvent {
  /** The activity's own count, from 1: the attempt that runs, or else the next one. */
  readonly attempt: number;
  /** The attempt runs. */
  readonly isRunning?: true;
  /** When the next attempt begins, ms since 1970; absent while one runs or is about to. */
  readonly nextAttemptAt?: number;
}

/** `ended`: every record of the shard has been accepted, whatever the mark. */
export type ShardCheckpoint = { readonly ended: true } | { readonly ended: false; readonly position?: Position };
