import { comparePositions, type Position } from '../../contracts/position.ts';
import type { ShardCheckpoint } from '../../contracts/handling.ts';

/** Per shard, the last position that a lane has accepted. */
export type Marks = Readonly<Record<string, Position>>;

/** O6: a position is new to the lane when it is beyond the mark of its shard. */
export function isBeyond(marks: Marks, position: Position): boolean {
  const mark = marks[position.shardId];
  return mark === undefined || comparePositions(position, mark) > 0;
}

export interface Memory {
  readonly marks: Marks;
  readonly behindSince: Readonly<Record<string, number>>;
}

/**
 * What is left to remember when marks are forgotten that have been behind the checkpoint for `afterMs` (O6). A request
 * of a former reader may be held up on its way for as long as that, and would be taken for new.
 */
export function forgetOldMarks(
  memory: Memory,
  checkpoints: Readonly<Record<string, ShardCheckpoint>>,
  now: number,
  afterMs: number,
): Memory {
  const ahead = marksAhead(memory.marks, checkpoints);
  const behind = Object.keys(memory.marks).filter((shardId) => ahead[shardId] === undefined);
  const since = new Map(behind.map((shardId) => [shardId, memory.behindSince[shardId] ?? now]));
  const isKept = (shardId: string) => now - (since.get(shardId) ?? now) <= afterMs;
  return {
    marks: Object.fromEntries(Object.entries(memory.marks).filter(([shardId]) => isKept(shardId))),
    behindSince: Object.fromEntries([...since].filter(([shardId]) => isKept(shardId))),
  };
}

/**
 * The marks that must still be remembered (O6): those that the durable checkpoint of their shard has not passed. Behind
 * a checkpoint no reader can send anything again. A shard that the pipeline does not know any more is behind it too:
 * the lineage forgets a shard only when it has been taken over whole.
 */
export function marksAhead(marks: Marks, checkpoints: Readonly<Record<string, ShardCheckpoint>>): Marks {
  return Object.fromEntries(Object.entries(marks).filter(([shardId, mark]) => isAhead(mark, checkpoints[shardId])));
}

function isAhead(mark: Position, checkpoint: ShardCheckpoint | undefined): boolean {
  if (checkpoint === undefined || checkpoint.ended) return false;
  return checkpoint.position === undefined || comparePositions(mark, checkpoint.position) > 0;
}
