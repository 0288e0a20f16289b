/**
 * The lineage graph of a source: which shards there are, which of them may be read, and how far each has been taken
 * over. Pure; the pipeline workflow keeps the state and carries out what is decided here. What a listing says of it is
 * taken in by {@link observe} (listing.ts).
 *
 * Invariants:
 * G1 A shard may be read only when every parent that is known has been taken over whole, and every other one was
 *    missing from two listings: from one it may be missing by a fault of that listing (O2).
 * G2 A checkpoint never moves back, and a finished shard stays finished, whoever reports late or twice (O4).
 * G3 A shard is forgotten only when it has been finished, and missing from every listing for so long that no listing
 *    can bring it back: it would be read again from its horizon (O6).
 */
import type { ShardCheckpoint } from '../../contracts/questions.ts';
import type { FinishedShards, Gap, LineageShard, PipelineState } from '../../contracts/pipeline/state.ts';
import type { ReaderReport, ShardToRead, ShardProgress } from '../../contracts/pipeline/reading.ts';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import { comparePositions, formatPosition, type Position } from '../../contracts/event/position.ts';

/** Enough to see what happened; `gapCount` has them all. */
const GAPS_KEPT = 50;

const NONE_FINISHED: FinishedShards = { missingSince: {}, childless: [], taken: 0, filtered: 0 };

export const EMPTY_LINEAGE: PipelineState = { shards: {}, finished: NONE_FINISHED, discovered: false };

/** Takes in what a reader says of its shards (G2). Shards that the graph does not know are passed over. */
export function advance(state: PipelineState, report: ReaderReport): PipelineState {
  const shards: Record<string, LineageShard> = { ...state.shards };
  const ended: LineageShard[] = [];
  let { finished } = state;
  for (const [shardId, progress] of Object.entries(report.shards)) {
    const shard = shards[shardId];
    if (shard !== undefined) {
      shards[shardId] = advanced(shard, progress);
      if (progress.finished) ended.push(shards[shardId]);
    } else if (finished.missingSince[shardId] !== undefined) {
      finished = counted(finished, progress);
    }
  }
  return noteGaps(
    ended.length === 0 ? { ...state, shards, finished } : finish({ ...state, shards, finished }, ended),
    report,
  );
}

function advanced(shard: LineageShard, progress: ShardProgress): LineageShard {
  const checkpoint = later(shard.checkpoint, progress.checkpoint);
  return {
    ...shard,
    ...(checkpoint === undefined ? {} : { checkpoint }),
    taken: (shard.taken ?? 0) + progress.taken,
    ...(progress.filtered ? { filtered: (shard.filtered ?? 0) + progress.filtered } : {}),
    ...latest(shard.consumedUntil, progress.consumedUntil),
  };
}

/** Puts shards that have been taken over whole with the finished ones. */
export function finish(state: PipelineState, ended: readonly LineageShard[]): PipelineState {
  const ids = new Set(ended.map(({ shardId }) => shardId));
  const left = Object.values(state.shards).filter(({ shardId }) => !ids.has(shardId));
  const parents = new Set(Object.values(state.shards).flatMap((shard) => shard.parents));
  const missing = ended.map(({ shardId, missingSince = 0 }) => [shardId, missingSince] as const);
  const { missingSince, childless } = state.finished;
  const finished = {
    ...ended.reduce(counted, state.finished),
    missingSince: { ...missingSince, ...Object.fromEntries(missing) },
    childless: [...childless, ...[...ids].filter((shardId) => !parents.has(shardId))],
  };
  return { ...state, shards: Object.fromEntries(left.map((shard) => [shard.shardId, shard])), finished };
}

function counted(
  finished: FinishedShards,
  { taken = 0, filtered = 0 }: Pick<LineageShard, 'taken' | 'filtered'>,
): FinishedShards {
  return { ...finished, taken: finished.taken + taken, filtered: finished.filtered + filtered };
}

function latest(a: number | undefined, b: number | undefined): { readonly consumedUntil?: number } {
  return a === undefined && b === undefined ? {} : { consumedUntil: Math.max(a ?? 0, b ?? 0) };
}

/** Each gap is kept once, whoever reports it again (O10). */
export function noteGaps(
  state: PipelineState,
  report: { readonly shards: Readonly<Record<string, Pick<ShardProgress, 'gaps'>>> },
): PipelineState {
  const known = new Set((state.gaps ?? []).map(gapId));
  const fresh = Object.values(report.shards)
    .flatMap((progress) => progress.gaps ?? [])
    .filter((gap) => !known.has(gapId(gap)));
  if (fresh.length === 0) return state;
  const gaps = [...(state.gaps ?? []), ...fresh].slice(-GAPS_KEPT);
  return { ...state, gaps, gapCount: (state.gapCount ?? 0) + fresh.length };
}

function gapId({ shardId, after }: Gap): string {
  return after === undefined ? shardId : formatPosition(after);
}

function later(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePositions(a, b) >= 0 ? a : b;
}

/** The shards that may be read now (G1), oldest id first. */
export function readable(state: PipelineState): readonly LineageShard[] {
  return Object.values(state.shards)
    .filter(({ orphanedIn }) => orphanedIn === undefined)
    .filter(({ parents }) => parents.every((parent) => state.shards[parent] === undefined))
    .toSorted((a, b) => (a.shardId < b.shardId ? -1 : 1));
}

/** Shards with a parent that was never seen: the next listing tells whether it is gone or was left out. */
export function awaitsParents(state: PipelineState): boolean {
  return Object.values(state.shards).some(({ orphanedIn }) => orphanedIn !== undefined);
}

/** A shard as a reader gets it, with what it has to know of the readers before. */
export function toRead({ gaps = [] }: PipelineState, shard: LineageShard): ShardToRead {
  const { shardId, consumedUntil } = shard;
  // The last one may lie at the checkpoint still, and would be found again (O10).
  const told = gaps.filter((gap) => gap.shardId === shardId).slice(-1);
  return {
    shardId,
    start: startOf(shard),
    ...(consumedUntil === undefined ? {} : { consumedUntil }),
    ...(told.length === 0 ? {} : { gaps: told }),
  };
}

/** Where a reader of the shard begins. */
export function startOf(shard: LineageShard): StartPoint {
  return shard.checkpoint === undefined ? shard.start : { at: 'after', position: shard.checkpoint };
}

/** Finished shards that are still listed and have no child yet: one may be about to appear. */
export function awaitsChildren({ finished }: PipelineState): boolean {
  return finished.childless.some((shardId) => finished.missingSince[shardId] === 0);
}

/** For lanes: behind these no reader sends anything again (O6). */
export function checkpointsOf({ shards, finished }: PipelineState): Record<string, ShardCheckpoint> {
  const all: Record<string, ShardCheckpoint> = {};
  for (const shardId of Object.keys(finished.missingSince)) all[shardId] = { ended: true };
  for (const { shardId, checkpoint } of Object.values(shards)) {
    all[shardId] = checkpoint === undefined ? { ended: false } : { ended: false, position: checkpoint };
  }
  return all;
}
