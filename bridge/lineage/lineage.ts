/**
 * The lineage graph of a source: which shards there are, which of them may be read, and how far each has been taken
 * over. Pure; the pipeline workflow keeps the state and carries out what is decided here.
 *
 * Invariants:
 * G1 A shard may be read only when every parent that is known has been taken over whole, and every other one was
 *    missing from two listings: from one it may be missing by a fault of that listing (O2).
 * G2 A checkpoint never moves back, and a finished shard stays finished, whoever reports late or twice (O4).
 * G3 A shard is forgotten only when it has been finished, and missing from every listing for so long that no listing
 *    can bring it back: it would be read again from its horizon (O6).
 */
import type {
  Gap,
  LineageShard,
  PipelineState,
  ReaderReport,
  ShardListing,
  StartPoint,
} from '../../contracts/pipeline.ts';
import { comparePositions, formatPosition, type Position } from '../../contracts/position.ts';

/** Twice the shortest retention, that of DynamoDB Streams; listings were seen to flicker for less. */
const FORGET_AFTER_MS = 48 * 3_600_000;

/** So many listings must be without a parent that was never seen before it is taken for gone from the source. */
const MISSING_FROM = 2;

/** Enough to see what happened; `gapCount` has them all. */
const GAPS_KEPT = 50;

export const EMPTY_LINEAGE: PipelineState = { shards: {}, discovered: false };

/**
 * Takes in a complete listing. The shards of the first one begin where the pipeline starts; every later one is the child
 * of a shard that is being read, so it begins at its horizon, also when the pipeline started at the latest record (O4).
 */
export function observe(state: PipelineState, listing: ShardListing, startAt: StartPoint, now: number): PipelineState {
  const listed = new Map(listing.shards.map((shard) => [shard.shardId, shard]));
  const shards: Record<string, LineageShard> = {};
  for (const shard of Object.values(state.shards)) {
    if (!isForgettable(shard, listed.has(shard.shardId), now)) {
      shards[shard.shardId] = seen(shard, listed.has(shard.shardId), now);
    }
  }
  for (const { shardId, parents } of listed.values()) {
    const start: StartPoint = state.discovered ? { at: 'horizon' } : startAt;
    shards[shardId] ??= { shardId, parents: [...parents], start, finished: false, orphanedIn: 0 };
  }
  for (const shard of Object.values(shards)) shards[shard.shardId] = orphaned(shard, shards);
  const { retentionMs = state.retentionMs } = listing;
  return { ...state, shards, discovered: true, ...(retentionMs === undefined ? {} : { retentionMs }) };
}

function seen(shard: LineageShard, isListed: boolean, now: number): LineageShard {
  const { missingSince, ...rest } = shard;
  return isListed ? rest : { ...rest, missingSince: missingSince ?? now };
}

/** Counts the listings without its parent, until there have been enough or the parent turns up. */
function orphaned(shard: LineageShard, shards: Readonly<Record<string, LineageShard>>): LineageShard {
  const { orphanedIn, ...rest } = shard;
  if (orphanedIn === undefined || shard.parents.every((parent) => shards[parent] !== undefined)) return rest;
  return orphanedIn + 1 < MISSING_FROM ? { ...rest, orphanedIn: orphanedIn + 1 } : rest;
}

function isForgettable(shard: LineageShard, isListed: boolean, now: number): boolean {
  const { finished, missingSince } = shard;
  return finished && !isListed && missingSince !== undefined && now - missingSince > FORGET_AFTER_MS;
}

/** Takes in what a reader says of its shards (G2). Shards that the graph does not know are passed over. */
export function advance(state: PipelineState, report: ReaderReport): PipelineState {
  const shards = { ...state.shards };
  for (const [shardId, progress] of Object.entries(report.shards)) {
    const shard = shards[shardId];
    if (shard === undefined) continue;
    const checkpoint = later(shard.checkpoint, progress.checkpoint);
    shards[shardId] = {
      ...shard,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      finished: shard.finished || progress.finished,
      taken: (shard.taken ?? 0) + progress.taken,
      ...(progress.filtered ? { filtered: (shard.filtered ?? 0) + progress.filtered } : {}),
      ...latest(shard.upTo, progress.upTo),
    };
  }
  return noteGaps({ ...state, shards }, report);
}

function latest(a: number | undefined, b: number | undefined): { readonly upTo?: number } {
  return a === undefined && b === undefined ? {} : { upTo: Math.max(a ?? 0, b ?? 0) };
}

/** Each gap is kept once, whoever reports it again (O10). */
function noteGaps(state: PipelineState, report: ReaderReport): PipelineState {
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
    .filter((shard) => !shard.finished && shard.orphanedIn === undefined)
    .filter((shard) => shard.parents.every((parent) => state.shards[parent]?.finished ?? true))
    .toSorted((a, b) => (a.shardId < b.shardId ? -1 : 1));
}

/** Shards with a parent that was never seen: the next listing tells whether it is gone or was left out. */
export function awaitsParents(state: PipelineState): boolean {
  return Object.values(state.shards).some(({ orphanedIn }) => orphanedIn !== undefined);
}

/** Where a reader of the shard begins. */
export function startOf(shard: LineageShard): StartPoint {
  return shard.checkpoint === undefined ? shard.start : { at: 'after', position: shard.checkpoint };
}

/** Finished shards that are still listed and have no child yet: one may be about to appear. */
export function awaitsChildren(state: PipelineState): boolean {
  const parents = new Set(Object.values(state.shards).flatMap((shard) => shard.parents));
  return Object.values(state.shards).some(
    ({ shardId, finished, missingSince }) => finished && missingSince === undefined && !parents.has(shardId),
  );
}
