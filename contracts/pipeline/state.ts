import type { Position } from '../event/position.ts';
import type { StartPoint } from './options.ts';
import type { KnownStream, OtherStream } from './stream-identity.ts';

/** A shard in the lineage graph, from its discovery until it is closed and all its records have been accepted. */
export interface LineageShard {
  readonly shardId: string;
  readonly parents: readonly string[];
  readonly start: StartPoint;
  /** Every record up to this position has been durably accepted (O4). Never moves back. */
  readonly checkpoint?: Position;
  /** Number of records delivered in the reading periods that have ended. For display only: those of a reader that died are missing. */
  readonly taken?: number;
  /** Every record that arrived before this time has been accepted; ms since 1970. */
  readonly consumedUntil?: number;
  /** Number of records that the filter dropped in the reading periods that have ended. */
  readonly filtered?: number;
  /** When it was first missing from a complete listing, ms since 1970. */
  readonly missingSince?: number;
  /**
   * Set while a parent of it has been in no listing: the number of listings without it. The shard is not read meanwhile.
   * After enough listings the parent counts as expired, and this is absent.
   */
  readonly orphanedIn?: number;
}

/**
 * Shards that are closed and whose records have all been accepted. They stay in listings for days, so there are many more
 * of them than of others, and little is kept of each: the state must fit into 2 MiB.
 */
export interface FinishedShards {
  /** By shard id: 0 while it is listed, else when it was first missing from a complete listing, ms since 1970. */
  readonly missingSince: Readonly<Record<string, number>>;
  /** Ids of those without a known child. */
  readonly childless: readonly string[];
  /** Number of records delivered from all finished shards, including those that have been removed here. For display only. */
  readonly taken: number;
  /** Number of records that the filter dropped from all of them. */
  readonly filtered: number;
}

/** The state of a pipeline that continue-as-new carries from run to run. */
export interface PipelineState {
  /** The shards that are not finished. */
  readonly shards: Readonly<Record<string, LineageShard>>;
  readonly finished: FinishedShards;
  /**
   * Digest of the last listing that was accepted, whose shards are those without `missingSince`. The next listing may be
   * given as the difference to it. Absent if the next listing must be complete.
   */
  readonly listed?: string;
  /** True once the shards have been listed for the first time: shards found later are read from their horizon. */
  readonly discovered: boolean;
  /** The latest gaps, the oldest first (O10). */
  readonly gaps?: readonly Gap[];
  /** Number of all gaps so far. */
  readonly gapCount?: number;
  /** Retention of the source as of the latest listing. */
  readonly retentionMs?: number;
  readonly paused?: { readonly by: string; readonly since: number; readonly reason?: string };
  /** The stream that its checkpoints belong to. Absent until the shards have been listed. */
  readonly stream?: KnownStream;
  /** Set while another stream is found in place of this one: nothing is read. */
  readonly otherStream?: OtherStream;
  /** Set while the stream distributes the records of a key over its shards, and the settings do not accept that. */
  readonly unordered?: { readonly since: number };
}

/** Records that the source no longer had when they were to be read (O10). Shard and `after` identify a gap. */
export interface Gap {
  readonly shardId: string;
  /** The last position that was read before; absent if nothing of the shard had been read. */
  readonly after?: Position;
  /** The first position that was still there; absent if there was none. */
  readonly until?: Position;
  /** When it was found, ms since 1970. */
  readonly at: number;
}
