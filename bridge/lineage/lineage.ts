/**
 * The lineage graph of a source: which shards exist, which of them may be read, and how far each has been accepted by
 * lanes. Pure; the pipeline workflow holds the state and carries out what is decided here. {@link observe} (listing.ts)
 * applies listings to the graph.
 *
 * Invariants:
 * - lineage.G1: a shard may be read only when every known parent has been read and accepted completely, and every other
 *   parent was missing from two listings: from one listing it may be missing by mistake (O2).
 * - lineage.G2: a checkpoint never moves back, and a finished shard stays finished, also when a reader reports late or
 *   twice (O4).
 * - lineage.G3: a shard is forgotten only when it has finished and was missing from every listing for so long that no
 *   later listing contains it: otherwise it would be read again from its horizon (O6).
 */
import type { ShardCheckpoint } from '../../contracts/questions.ts';
import type { FinishedShards, Gap, LineageShard, PipelineState } from '../../contracts/pipeline/state.ts';
import type { ReaderReport, ShardToRead, ShardProgress } from '../../contracts/pipeline/reading.ts';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import { comparePositions, formatPosition, type Position } from '../../contracts/event/position.ts';

/** Enough to see what happened; `gapCount` counts all of them. */
const MAX_GAPS_KEPT = 50;

const NONE_FINISHED: FinishedShards = { missingSince: {}, childless: [], taken: 0, filtered: 0 };

export const EMPTY_LINEAGE: PipelineState = { shards: {}, finished: NONE_FINISHED, discovered: false };

/** Applies a reader's report of its shards (G2). Shards that the graph does not know are ignored. */
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
  return recordGaps(
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

/** Moves shards that were read and accepted completely to the finished ones. */
export function finish(state: PipelineState, ended: readonly LineageShard[]): PipelineState {
  const ids = new Set(ended.map(({ shardId }) => shardId));
  const remaining = Object.values(state.shards).filter(({ shardId }) => !ids.has(shardId));
  const parents = new Set(Object.values(state.shards).flatMap((shard) => shard.parents));
  const missing = ended.map(({ shardId, missingSince = 0 }) => [shardId, missingSince] as const);
  const { missingSince, childless } = state.finished;
  const finished = {
    ...ended.reduce(counted, state.finished),
    missingSince: { ...missingSince, ...Object.fromEntries(missing) },
    childless: [...childless, ...[...ids].filter((shardId) => !parents.has(shardId))],
  };
  return { ...state, shards: Object.fromEntries(remaining.map((shard) => [shard.shardId, shard])), finished };
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

/** Each gap is kept once, however often it is reported (O10). */
export function recordGaps(
  state: PipelineState,
  report: { readonly shards: Readonly<Record<string, Pick<ShardProgress, 'gaps'>>> },
): PipelineState {
  const known = new Set((state.gaps ?? []).map(gapId));
  const fresh = Object.values(report.shards)
    .flatMap((progress) => progress.gaps ?? [])
    .filter((gap) => !known.has(gapId(gap)));
  if (fresh.length === 0) return state;
  const gaps = [...(state.gaps ?? []), ...fresh].slice(-MAX_GAPS_KEPT);
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

/**
 * Whether a shard has a parent that was never seen: the next listing shows whether the parent is gone or was omitted.
 */
export function awaitsParents(state: PipelineState): boolean {
  return Object.values(state.shards).some(({ orphanedIn }) => orphanedIn !== undefined);
}

/** A shard as its reader gets it, with what the reader needs to know from earlier readers. */
export function toRead({ gaps = [] }: PipelineState, shard: LineageShard): ShardToRead {
  const { shardId, consumedUntil } = shard;
  // The last gap may still lie at the checkpoint, where the reader would find it again (O10).
  const reported = gaps.filter((gap) => gap.shardId === shardId).slice(-1);
  return {
    shardId,
    start: startOf(shard),
    ...(consumedUntil === undefined ? {} : { consumedUntil }),
    ...(reported.length === 0 ? {} : { gaps: reported }),
  };
}

/** Where a reader of the shard starts. */
export function startOf(shard: LineageShard): StartPoint {
  return shard.checkpoint === undefined ? shard.start : { at: 'after', position: shard.checkpoint };
}

/** Whether a finished shard is still listed and has no child yet: a child may be about to appear. */
export function awaitsChildren({ finished }: PipelineState): boolean {
  return finished.childless.some((shardId) => finished.missingSince[shardId] === 0);
}

/** For lanes: no reader sends a record at or before these positions again (O6). */
export function checkpointsOf({ shards, finished }: PipelineState): Record<string, ShardCheckpoint> {
  const all: Record<string, ShardCheckpoint> = {};
  for (const shardId of Object.keys(finished.missingSince)) all[shardId] = { ended: true };
  for (const { shardId, checkpoint } of Object.values(shards)) {
    all[shardId] = checkpoint === undefined ? { ended: false } : { ended: false, position: checkpoint };
  }
  return all;
}
