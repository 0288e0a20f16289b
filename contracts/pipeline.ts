import type { FetchInput, FetchOutcome } from './large-events.ts';
import type { Position } from './position.ts';
import type { KnownStream, OtherStream, StreamIdentity } from './stream-identity.ts';

/** One shard as the source lists it. */
export interface ShardInfo {
  readonly shardId: string;
  /** None, one (split, roll) or two (merge). They may be gone from the source by now. */
  readonly parents: readonly string[];
  /** True once the source says that nothing more is written to it. It may still hold unread records. */
  readonly closed: boolean;
}

/** Where reading of a shard begins. */
export type StartPoint =
  /** At the oldest record that the source has. */
  | { readonly at: 'horizon' }
  /** At the first record that arrived at or after `since`, ms since 1970. */
  | { readonly at: 'time'; readonly since: number }
  /**
   * At the first record beyond `position`. `upTo`, where it is known: everything that arrived before this time has been
   * read, ms since 1970. Without it a position that the source has dropped counts as a gap, also when nothing came after.
   */
  | { readonly at: 'after'; readonly position: Position; readonly upTo?: number };

export interface PipelineOptions {
  /** How often the source's shards are listed when nothing else asks for it. */
  readonly discoverEveryMs: number;
  /** Readers of the pipeline at the most; shards beyond that share them. */
  readonly maxReaders: number;
  /** How long a reader stays out, give or take a fifth. */
  readonly shiftMs: number;
  /** A reader that is silent for so long is taken for dead, and another one goes on from its last heartbeat. */
  readonly heartbeatTimeoutMs: number;
  /** History events after which the pipeline calls its readers home and continues as new. */
  readonly eventsPerRun: number;
}

export const DEFAULT_PIPELINE_OPTIONS: PipelineOptions = {
  discoverEveryMs: 60_000,
  maxReaders: 16,
  shiftMs: 5 * 60_000,
  heartbeatTimeoutMs: 10_000,
  eventsPerRun: 4000,
};

/** Argument of the pipeline workflow. `carried` is set by continue-as-new and by a recovery from a closed run. */
export interface PipelineInput {
  readonly version: 1;
  readonly pipeline: string;
  /** Which stream it reads, to notice settings that changed it: `kinesis:orders`. */
  readonly source: string;
  readonly startAt: StartPoint;
  readonly options: PipelineOptions;
  /** How many pools its keys share, for good. Absent when each key has a lane of its own. */
  readonly pools?: number;
  /** As the process that started it saw its stream. Absent when it could not see it. */
  readonly stream?: KnownStream;
  readonly carried?: CarriedState;
}

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
  readonly upTo?: number;
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

/** Argument of a reader. */
export interface ReaderInput {
  readonly pipeline: string;
  readonly shards: readonly ShardToRead[];
  readonly shiftMs: number;
  readonly heartbeatTimeoutMs: number;
  /** How long the source keeps a record, where that is known. */
  readonly retentionMs?: number;
  /** As the pipeline says, whatever the settings of the process that reads. */
  readonly pools?: number;
  /** A process whose source is another stream must not read these shards. Absent until a listing has told. */
  readonly stream?: KnownStream;
}

/** A shard as it is given to a reader. */
export interface ShardToRead {
  readonly shardId: string;
  readonly start: StartPoint;
  /** What {@link LineageShard} says. */
  readonly upTo?: number;
  /** The latest gaps of the shard that have been told: they are not told again (O10). */
  readonly gaps?: readonly Gap[];
}

/** Heartbeat details and result of a reader: what is true of each of its shards by now. */
export interface ReaderReport {
  readonly shards: Readonly<Record<string, ShardProgress>>;
}

export interface ShardProgress {
  readonly checkpoint?: Position;
  /** The shard has ended and all its records have been taken over. */
  readonly finished: boolean;
  /** How far reading is behind the newest record, as far as the source tells. */
  readonly lagMs?: number;
  /** Everything that arrived in the shard before this time has been taken over; ms since 1970. */
  readonly upTo?: number;
  /** Gaps found by this reader, those of earlier attempts included (O10). */
  readonly gaps?: readonly Gap[];
  /** Records read, handed over, put into quarantine, and dropped by the filter, by this reader in this attempt. */
  readonly read: number;
  readonly taken: number;
  readonly quarantined: number;
  readonly filtered?: number;
  /** Records of aggregates that belong to another shard, by this reader in this attempt: read and handed over too. */
  readonly strays?: number;
  /** Why the shard cannot be read, since its last page and until the next one. */
  readonly trouble?: string;
}

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

export type ListedShard = Pick<ShardInfo, 'shardId' | 'parents'>;

/**
 * Every shard that a source has, and how long it keeps a record, where that could be learned. Hundreds of kilobytes in a
 * history every minute would be too much, so it is told as the difference to the listing before where that is known.
 */
export type ShardListing = (WholeListing | ListingDifference) & {
  /** Stands for this listing. Absent in those of earlier versions. */
  readonly digest?: string;
  readonly retentionMs?: number;
  /** Which stream was listed, as far as that could be learned. */
  readonly stream?: StreamIdentity;
  /** The stream spreads the records of a key over its shards, and the settings do not accept that. Absent when not known. */
  readonly unordered?: boolean;
};

export interface WholeListing {
  readonly shards: readonly ListedShard[];
}

/** To the listing whose digest was given. */
export interface ListingDifference {
  readonly added: readonly ListedShard[];
  readonly gone: readonly string[];
}

/** The activities of the pipeline workflow, on the reading task queue. */
export interface ReadingActivities {
  /**
   * @param known digest of the listing that was taken in last
   * @param stream the one that the pipeline reads
   */
  listShards(pipeline: string, known?: string, stream?: KnownStream): Promise<ShardListing>;
  readShards(input: ReaderInput): Promise<ReaderReport>;
  /** For a lane: puts large data that was left in the source into the store, now that there is one. */
  fetchData(input: FetchInput): Promise<FetchOutcome>;
}

/** Answer of the query `pipeline`. */
export interface PipelineView {
  readonly pipeline: string;
  readonly source: string;
  readonly startAt: StartPoint;
  readonly state: PipelineState;
  readonly options: PipelineOptions;
  /** Absent when each key has a lane of its own. */
  readonly pools?: number;
  /** The shards of each reader that is out. */
  readonly readers: readonly (readonly string[])[];
}

/** Updates of the pipeline workflow. */
export const PIPELINE_UPDATES = { pause: 'pause', resume: 'resume', configure: 'configure' } as const;

/** What a process that joins a running pipeline brings along. */
export interface PipelineConfiguration {
  readonly options: PipelineOptions;
}

export interface PipelineCommandArgs {
  readonly by?: string;
  readonly reason?: string;
}
