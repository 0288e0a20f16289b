import type { LineageShard, PipelineView, ReaderReport, ShardProgress } from '../../contracts/pipeline.ts';
import { comparePositions, type Position } from '../../contracts/position.ts';

export interface ShardStatus {
  readonly shardId: string;
  /**
   * `reading`: a reader has it. `waiting`: for its parents, or for a reader. `finished`: all its records have been
   * taken over. `gone`: the source does not have it any more, and not all of it was taken over (O10).
   */
  readonly state: 'reading' | 'waiting' | 'finished' | 'gone';
  /** Up to here every record is durably taken over (O4). */
  readonly checkpoint?: Position;
  /** How far reading is behind the newest record, as far as the source tells. */
  readonly lagMs?: number;
  readonly parents: readonly string[];
  /** Records handed over so far, as far as the readers could tell. */
  readonly taken: number;
}

/** Every shard of a pipeline, from what it knows itself and what its readers have reported since. */
export function shardStatuses(
  view: Pick<PipelineView, 'state' | 'readers'> | undefined,
  reports: readonly ReaderReport[],
): ShardStatus[] {
  const reading = new Set(view?.readers.flat());
  const progress = new Map(reports.flatMap((report) => Object.entries(report.shards)));
  const known = Object.values(view?.state.shards ?? {});
  const statuses = known.map((shard) => merge(shard, progress.get(shard.shardId), reading.has(shard.shardId)));
  if (view !== undefined) return statuses;
  // No worker tells what the pipeline knows: the readers' heartbeats are all there is.
  return [...progress].map(([shardId, reported]) => merge({ shardId, parents: [], finished: false }, reported, true));
}

function merge(
  shard: Pick<LineageShard, 'shardId' | 'parents' | 'finished' | 'checkpoint' | 'missingSince' | 'taken'>,
  reported: ShardProgress | undefined,
  reading: boolean,
): ShardStatus {
  const checkpoint = further(shard.checkpoint, reported?.checkpoint);
  const finished = shard.finished || reported?.finished === true;
  return {
    shardId: shard.shardId,
    state: finished ? 'finished' : stateOf(shard.missingSince, reading),
    parents: shard.parents,
    taken: (shard.taken ?? 0) + (reported?.taken ?? 0),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(reported?.lagMs === undefined || finished ? {} : { lagMs: reported.lagMs }),
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
