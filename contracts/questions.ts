import type { LaneEvent } from './event/event.ts';
import type { Position } from './event/position.ts';
import type { SegmentSlice, SliceAnswer } from './lane/backlog.ts';
import type { LatestRun, LeftSignals, Remains } from './recovery.ts';
import type { RunName, SignalsFrom } from './run.ts';

/** Questions that a lane asks, by activities. */
export interface AskingActivities {
  /**
   * For those of the shards that the pipeline knows, the position up to which its durable checkpoint has come. The answer
   * stays in the lane's history, so a lane asks for its own shards and not for a thousand.
   */
  checkpoints(pipeline: string, shardIds: readonly string[]): Promise<Record<string, ShardCheckpoint>>;
  /** Events of a segment, from the first on that is asked for. */
  slice(slice: SegmentSlice): Promise<SliceAnswer>;
  /** What a run that was ended from outside held when it last did something. */
  remains(run: RunName): Promise<Remains>;
  /** Events of the tail of its backlog, from there on; none when there are no more. */
  leftTail(run: RunName, from: number): Promise<readonly LaneEvent[]>;
  /** What it was sent after that, some at a time. */
  leftSignals(run: RunName, from: SignalsFrom): Promise<LeftSignals>;
  latestRun(workflowId: string): Promise<LatestRun>;
  /** How the run is that came just before this one under its workflow id. */
  precedingRun(run: RunName): Promise<LatestRun>;
  /** What Temporal knows of the one pending `runEvent` of a lane; null when there is none. */
  pendingEvent(lane: { readonly workflowId: string; readonly runId: string }): Promise<PendingEvent | null>;
}

export interface PendingEvent {
  /** The activity's own count, from 1: the attempt that runs, or the one that is waited for. */
  readonly attempt: number;
  /** The attempt runs. */
  readonly isRunning?: true;
  /** When the next attempt begins, ms since 1970; absent while one runs or is about to. */
  readonly nextAttemptAt?: number;
}

/** `ended`: every record of the shard has been taken over, whatever the mark. */
export type ShardCheckpoint = { readonly ended: true } | { readonly ended: false; readonly position?: Position };
