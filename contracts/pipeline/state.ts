import type { Position } from '../event/position.ts';
import type { StartPoint } from './options.ts';
import type { KnownStream, OtherStream } from './stream-identity.ts';

/** A shard in the lineage graph, from its discovery until it has ended and all its records have been taken over. */
export interface LineageShard {
  readonly shardId: string;
  readonly parents: readonly string[];
  readonly start: StartPoint;
  /** The position up to which every record is durably taken over (O4). Never moves back. */
  readonly checkpoint?: Position;
  /** Records handed over in the shifts that have ended. For display: what a reader that died handed over is missing. */
  readonly taken?: number;
  /** Everything that arrived before this time has been taken over; ms since 1970. */
  readonly consumedUntil?: number;
  /** Records that the filter dropped in the shifts that have ended. */
  readonly filtered?: number;
  /** Since when complete listings do not have it any more, ms since 1970. */
  readonly missingSince?: number;
  /**
   * Set while a parent of it was in no listing yet: in how many it was looked for. The shard is not read meanwhile; when
   * enough listings had no such parent, it is taken for gone and this is absent.
   */
  readonly orphanedIn?: number;
}

/**
 * Shards that have ended and of which all records have been taken over; none of them ever turns back. They stay for days,
 * so there are many more of them than of others, and hardly anything is kept of each: the state must fit into 2 MiB.
 */
export interface FinishedShards {
  /** By shard id: 0 while listings have it, else since when complete ones do not any more, ms since 1970. */
  readonly missingSince: Readonly<Record<string, number>>;
  /** Those that have no child yet, as far as is known. */
  readonly childless: readonly string[];
  /** Records of all of them that were handed over, those that have been forgotten included. For display. */
  readonly taken: number;
  /** Records of all of them that the filter dropped. */
  readonly filtered: number;
}

/** All of a pipeline that outlives a run. */
export interface PipelineState {
  /** Those that are not finished. */
  readonly shards: Readonly<Record<string, LineageShard>>;
  readonly finished: FinishedShards;
  /**
   * Stands for the listing that was taken in last, whose shards are those without `missingSince`: the next one may be told
   * as its difference to this. Absent when the next one must be told whole.
   */
  readonly listed?: string;
  /** True once the shards have been listed for the first time: shards found later begin at their horizon. */
  readonly discovered: boolean;
  /** The latest gaps, the oldest first (O10). */
  readonly gaps?: readonly Gap[];
  /** All gaps there have been. */
  readonly gapCount?: number;
  /** How long the source keeps a record, as of the latest listing. */
  readonly retentionMs?: number;
  readonly paused?: { readonly by: string; readonly since: number; readonly reason?: string };
  /** The stream that its checkpoints belong to. Absent until a listing has told. */
  readonly stream?: KnownStream;
  /** Set while another stream is found in its place: nothing is read. */
  readonly otherStream?: OtherStream;
  /** Set while the stream spreads the records of a key over its shards, which the pipeline was not told to accept. */
  readonly unordered?: { readonly since: number };
}

/** A state from an earlier run. Earlier versions kept finished shards among the others, in full. */
export type CarriedState = Omit<PipelineState, 'shards' | 'finished'> & {
  readonly shards: Readonly<Record<string, LineageShard & { readonly finished?: boolean }>>;
  readonly finished?: FinishedShards;
};

/** Records that the source no longer had when they were to be read (O10). A gap is the same as another by shard and `after`. */
export interface Gap {
  readonly shardId: string;
  /** The last position that was read before; absent when nothing of the shard had been. */
  readonly after?: Position;
  /** The first position that was still there; absent when nothing was. */
  readonly until?: Position;
  /** When it was found, ms since 1970. */
  readonly at: number;
}
