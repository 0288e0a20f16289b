import { comparePositions, type Position } from '../../contracts/event/position.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import type { ShardCheckpoint } from '../../contracts/questions.ts';
import { FORWARDED_MARK } from '../../contracts/pool/messages.ts';
import { QUARANTINE_MARK } from '../../contracts/quarantine/record.ts';

/** Per shard, the last position that a lane has accepted. */
export type Marks = Readonly<Record<string, Position>>;

/** What a pipeline says of shards, by their ids. */
export type Checkpoints = Readonly<Record<string, ShardCheckpoint>>;

/** O6: a position is new to the lane when it is beyond the mark of its shard. */
export function isBeyond(marks: Marks, position: Position): boolean {
  const mark = marks[position.shardId];
  return mark === undefined || comparePositions(position, mark) > 0;
}

/**
 * Where an event stands among those of which a lane keeps one mark: in its shard, or among what the quarantine brings, or
 * its pool. To a lane each is one more shard: it sends in order, the next only when the one before was accepted, and repeats.
 */
export function placeOf(event: Pick<LaneEvent, 'position' | 'redriveSequence' | 'forwarded'>): Position {
  if (event.forwarded !== undefined) return { shardId: FORWARDED_MARK, sequenceNumber: event.forwarded };
  return event.redriveSequence === undefined
    ? event.position
    : { shardId: QUARANTINE_MARK, sequenceNumber: event.redriveSequence };
}

export interface DedupState {
  readonly marks: Marks;
  readonly behindSince: Readonly<Record<string, number>>;
}

/** With the time since when it is whole: a birth, or the last forgetting. */
export interface PersistentDedupState extends DedupState {
  readonly remembersSince: number;
}

/**
 * Takes in what lies beyond the marks, and moves them with it (O6).
 * @returns also what lies behind them, which has come before
 */
export function takeIn<Item>(memory: DedupState, items: readonly Item[], place: (item: Item) => Position) {
  const marks: Record<string, Position> = { ...memory.marks };
  const behindSince: Record<string, number> = { ...memory.behindSince };
  const fresh: Item[] = [];
  const again: Item[] = [];
  for (const item of items) {
    const position = place(item);
    if (!isBeyond(marks, position)) {
      again.push(item);
      continue;
    }
    marks[position.shardId] = position;
    delete behindSince[position.shardId];
    fresh.push(item);
  }
  return { marks, behindSince, fresh, again };
}

/**
 * A signal may come from a reader that was frozen, has lost its shard, and woke after marks were forgotten. The reader that
 * took over sends those records itself, so dropping is right; dropping wrongly would be a loss, so a margin gives every
 * doubt to the sender (O6, design: rule 2 of overlapping readers).
 */
export function isFromFormerReader(leaseUntil: number, marginMs: number, remembersSince: number): boolean {
  return leaseUntil + marginMs < remembersSince;
}

/**
 * What is left to remember when marks are forgotten that have been behind the checkpoint for `afterMs` (O6). A request
 * of a former reader may be held up on its way for as long as that, and would be taken for new.
 */
export function forgetOldMarks(memory: DedupState, checkpoints: Checkpoints, now: number, afterMs: number): DedupState {
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
 * a checkpoint no reader can send anything again. What was not asked for has come while the question was on its way.
 */
export function marksAhead(marks: Marks, checkpoints: Checkpoints): Marks {
  return Object.fromEntries(Object.entries(marks).filter(([shardId, mark]) => isAhead(mark, checkpoints[shardId])));
}

/**
 * What a pipeline says of the shards that it was asked for. One that it does not know any more has been taken over whole:
 * the lineage forgets no other.
 */
export function checkpointsOf(asked: readonly string[], answer: Checkpoints): Checkpoints {
  return Object.fromEntries(asked.map((shardId) => [shardId, answer[shardId] ?? { ended: true }]));
}

function isAhead(mark: Position, checkpoint: ShardCheckpoint | undefined): boolean {
  if (checkpoint === undefined) return true;
  if (checkpoint.ended) return false;
  return checkpoint.position === undefined || comparePositions(mark, checkpoint.position) > 0;
}
