import { lagOf } from '../../contracts/pipeline/lag.ts';
import type { LineageShard, PipelineState } from '../../contracts/pipeline/state.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import type { ReaderReport, ShardProgress } from '../../contracts/pipeline/reading.ts';
import { comparePositions, type Position } from '../../contracts/event/position.ts';

export interface ShardStatus {
  readonly shardId: string;
  /**
   * `reading`: a reader has it. `waiting`: for its parents, or for a reader. `finished`: all its records have been
   * taken over. `gone`: the source does not have it any more, and not all of it was taken over (O10).
   */
  readonly state: 'reading' | 'waiting' | 'finished' | 'gone';
  /** Up to here every record is durably taken over (O4). */
  readonly checkpoint?: Position;
  /** How far reading is behind: what the source tells, or the time since which it has not been read. */
  readonly lagMs?: number;
  /** This and the counts are not kept of a finished shard. */
  readonly parents?: readonly string[];
  /** Records accepted by Temporal so far, as far as the readers have reported. */
  readonly accepted?: number;
  /** Records that the filter dropped so far, as far as the readers could tell. */
  readonly filtered?: number;
  /** Records of aggregates that belong to another shard, as far as its present reader has seen them. */
  readonly misrouted?: number;
  /** Everything that arrived before this time has been taken over, ms since 1970. */
  readonly consumedUntil?: number;
  /** How long until records are lost that were not read yet: retention less lag. */
  readonly untilLossMs?: number;
  /** Why its reader cannot read it, while the reader goes on with other shards. */
  readonly readError?: string;
}

/** Every shard of a pipeline, from what it knows itself and what its readers have reported since. */
export function shardStatuses(
  view: Pick<PipelineView, 'state' | 'readers'> | undefined,
  reports: readonly ReaderReport[],
  now: number,
): ShardStatus[] {
  const context = { now, retentionMs: view?.state.retentionMs };
  const reading = new Set(view?.readers.flat());
  const progress = new Map(reports.flatMap((report) => Object.entries(report.shards)));
  // No worker tells what the pipeline knows: the readers' heartbeats are all there is.
  if (view === undefined)
    return [...progress].map(([shardId, told]) => merge({ shardId, parents: [] }, told, true, context));
  const { finished, shards } = view.state;
  return [
    ...Object.keys(finished.missingSince).map((shardId) => ({ shardId, state: 'finished' }) as const),
    ...Object.values(shards).map((shard) =>
      merge(shard, progress.get(shard.shardId), reading.has(shard.shardId), context),
    ),
  ];
}

/** Records over all shards, those that have finished and been forgotten included; as far as the readers could tell. */
export interface RecordCounts {
  /** Accepted by Temporal. */
  readonly accepted: number;
  /** Dropped by the filter. */
  readonly filtered: number;
}

export function recordCounts(state: PipelineState | undefined, shards: readonly ShardStatus[]): RecordCounts {
  return shards.reduce(
    (sum, { accepted = 0, filtered = 0 }) => ({ accepted: sum.accepted + accepted, filtered: sum.filtered + filtered }),
    { accepted: state?.finished.taken ?? 0, filtered: state?.finished.filtered ?? 0 },
  );
}

interface Context {
  readonly now: number;
  readonly retentionMs: number | undefined;
}

type KnownShard = Pick<LineageShard, 'shardId' | 'parents'> & Partial<LineageShard>;

function merge(
  shard: KnownShard,
  reported: ShardProgress | undefined,
  reading: boolean,
  context: Context,
): ShardStatus {
  const checkpoint = further(shard.checkpoint, reported?.checkpoint);
  const state = reported?.finished === true ? 'finished' : stateOf(shard.missingSince, reading);
  const { misrouted, readError } = reported ?? {};
  return {
    shardId: shard.shardId,
    state,
    parents: shard.parents,
    accepted: (shard.taken ?? 0) + (reported?.taken ?? 0),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    filtered: (shard.filtered ?? 0) + (reported?.filtered ?? 0),
    ...(state === 'finished' || state === 'gone' ? {} : timesOf(shard, reported, context)),
    ...(misrouted === undefined ? {} : { misrouted }),
    ...(readError === undefined ? {} : { readError }),
  };
}

/** Nothing of this is told of a shard that nothing more is read from. */
function timesOf(
  shard: KnownShard,
  reported: ShardProgress | undefined,
  { now, retentionMs }: Context,
): Pick<ShardStatus, 'consumedUntil' | 'lagMs' | 'untilLossMs'> {
  // What arrived before the start is not wanted.
  const begun = shard.start?.at === 'time' ? shard.start.since : undefined;
  const known = [shard.consumedUntil, reported?.consumedUntil, begun].filter((time) => time !== undefined);
  const consumedUntil = known.length === 0 ? undefined : Math.max(...known);
  const lagMs = lagOf(reported?.lagMs, consumedUntil === undefined ? undefined : Math.max(0, now - consumedUntil));
  return {
    ...(consumedUntil === undefined ? {} : { consumedUntil }),
    ...(lagMs === undefined ? {} : { lagMs }),
    ...(lagMs === undefined || retentionMs === undefined ? {} : { untilLossMs: Math.max(0, retentionMs - lagMs) }),
  };
}

function stateOf(missingSince: number | undefined, reading: boolean): ShardStatus['state'] {
  if (reading) return 'reading';
  return missingSince === undefined ? 'waiting' : 'gone';
}

function further(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePositions(a, b) >= 0 ? a : b;
}
