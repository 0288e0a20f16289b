import type { Duration } from './duration.ts';
import type { FilterPattern } from './filter.ts';
import type { HandlerEvent, KeyableRecord } from './record.ts';
import type { Size } from './size.ts';

/** What `keylane.config.ts` exports by default. Every field with a default may be left out. */
export interface KeylaneConfig {
  readonly temporal?: TemporalConfig;
  readonly metrics?: MetricsConfig;
  readonly log?: LogConfig;
  /** For every pipeline that does not say otherwise. */
  readonly largeEvents?: LargeEventsConfig;
  /** By name. A name begins with a letter and has letters, digits, `-` and `_`, 64 at the most. */
  readonly pipelines: Readonly<Record<string, PipelineConfig>>;
}

export interface TemporalConfig {
  /** `host:port`. @default TEMPORAL_ADDRESS or Temporal's config file; else `keylane dev` starts a server of its own */
  readonly address?: string;
  /** @default TEMPORAL_NAMESPACE or Temporal's config file, else `default` */
  readonly namespace?: string;
  /** Task queue of lanes and handlers; reading uses it with `-bridge` behind it. @default 'keylane' */
  readonly taskQueue?: string;
  /**
   * Gives the processes a version, so that a release takes the work over when a person says so, for all keys or for a
   * part of them. docs/versions.md explains it.
   * @default TEMPORAL_DEPLOYMENT_NAME with TEMPORAL_WORKER_BUILD_ID; without these, processes have no version
   */
  readonly deployment?: DeploymentConfig;
}

export interface DeploymentConfig {
  /** Of all processes of these settings, the same in every release. */
  readonly name: string;
  /**
   * Of one release: another one whenever Keylane, the settings or a handler change, such as the commit or the image's tag.
   * @default TEMPORAL_WORKER_BUILD_ID; a process that runs lanes or reads does not start without one
   */
  readonly buildId?: string;
}

export interface MetricsConfig {
  /**
   * `host:port` at which processes serve metrics for Prometheus, under `/metrics`; `0.0.0.0:9464` for all addresses of
   * the machine. Anybody who reaches it can read them. Each process on a machine needs an address of its own:
   * `--metrics-address`. docs/metrics.md explains them.
   * @default none: no metrics are served
   */
  readonly address?: string;
}

/** What processes write into their log. */
export interface LogConfig {
  /**
   * Whether lines of the log name keys, positions and what handlers' errors say. `false` where keys are personal data;
   * `keylane blocked` names them then.
   * @default true
   */
  readonly keys?: boolean;
}

/** What becomes of events that are too large for Temporal. docs/large-events.md explains it. */
export interface LargeEventsConfig {
  /**
   * Data that takes more than this in Temporal lies in the store. Less: smaller histories, more calls of the store.
   * 1 MiB at the most.
   * @default 64 KiB with a store, 1 MiB without one
   */
  readonly above?: Size;
  /**
   * `folder('./large-events')` or `s3({ bucket })`. Bridge and worker need the same.
   * @default none: a larger event blocks its key until there is one
   */
  readonly store?: StoreConfig;
}

export type StoreConfig = FolderConfig | S3Config;

export interface FolderConfig {
  readonly kind: 'folder';
  /** Relative to the settings file. */
  readonly path: string;
}

export interface S3Options {
  readonly bucket: string;
  /** Before the names of all objects, without a slash at its end. @default none */
  readonly prefix?: string;
  /** @default AWS's own settings: AWS_REGION, profile */
  readonly region?: string;
  /** Of another service that speaks as S3 does. @default AWS's own settings: AWS_ENDPOINT_URL_S3, profile */
  readonly endpoint?: string;
}

export interface S3Config extends S3Options {
  readonly kind: 's3';
}

export interface PipelineConfig {
  readonly source: SourceConfig;
  /**
   * The key of a record. A record for which it throws, or returns anything but a text that is not empty, goes to the
   * quarantine. A change of this function may send a record that is read again to another lane: stop the bridge
   * cleanly before.
   * @default the partition key (Kinesis), the item's key (DynamoDB)
   */
  readonly key?: (record: KeyableRecord) => string;
  /**
   * Which records are handled: those that match the pattern, or one of the patterns, in the language of Lambda's event
   * filtering. What it drops is gone for this pipeline. docs/filter.md explains it.
   * @default every record
   */
  readonly filter?: FilterPattern | readonly FilterPattern[];
  /**
   * `none` accepts a Kinesis stream whose record distribution strategy is AUTO: the records of a key then lie in any shard,
   * and its events are handled in the order in which they are read. One at a time, and none is lost.
   * @default 'key'
   */
  readonly order?: 'key' | 'none';
  /** A function, or a path to a module whose default export is one, relative to the settings file. */
  readonly handler: string | Handler;
  readonly retry?: RetryConfig;
  /** Time limit of one handler call: its signal aborts then. @default '30s' */
  readonly timeout?: Duration;
  /**
   * How long a call that is past its time limit may take to stop, before its key is blocked with "the handler does not
   * stop". @default '1m'
   */
  readonly stopTimeout?: Duration;
  /** A lane that has had nothing to do for so long ends, and starts again with the key's next event. @default '15m' */
  readonly idle?: Duration;
  /**
   * `own`: every key has a workflow of its own. `pooled`: a key has one only while it needs it; many times as fast on many
   * keys. A pipeline keeps what it began with. docs/hosting.md explains it.
   * @default 'own'
   */
  readonly hosting?: 'own' | 'pooled';
  /** With `hosting: 'pooled'` only. */
  readonly pools?: PoolsConfig;
  readonly reading?: ReadingConfig;
  readonly backlog?: BacklogConfig;
  /** Each field that is given here goes before that of all pipelines. */
  readonly largeEvents?: LargeEventsConfig;
}

export interface RetryConfig {
  /** All attempts, the first one included; the key is blocked after the last. @default 10 */
  readonly maxAttempts?: number;
  /** Wait before the second attempt. @default '1s' */
  readonly initialInterval?: Duration;
  /** Factor by which the wait grows, 1 or more. @default 2 */
  readonly backoff?: number;
  /** @default '1m' */
  readonly maxInterval?: Duration;
}

export interface PoolsConfig {
  /** Workflows that healthy keys share. A pipeline keeps what it began with. @default 4 */
  readonly count?: number;
  /** A key whose handler takes longer than this for an event gets a lane of its own for the events that wait. @default '2s' */
  readonly slowAfter?: Duration;
  /**
   * How long a pool holds its keys while most of them fail, and reading with them when it is full; then they move out and are
   * blocked one by one. 6 hours at most.
   * @default '1h'
   */
  readonly maxHold?: Duration;
}

/**
 * What waits in a key that does not move lies in its lane up to these bounds, and behind them in further workflows, its
 * segments, which hold as much each.
 */
export interface BacklogConfig {
  /** @default 1000 */
  readonly events?: number;
  /** @default 256 KiB */
  readonly bytes?: Size;
}

export interface ReadingConfig {
  /** Readers of the pipeline at the most; a larger number of shards shares them. @default 16 */
  readonly maxReaders?: number;
  /** How often shards are listed when no shard ends. @default '1m' */
  readonly discoverEvery?: Duration;
  /** How long a reader stays out before it brings its checkpoints home. @default '5m' */
  readonly shift?: Duration;
  /** Records that a reader has read and no lane has accepted yet, at the most. @default 10000 */
  readonly recordsInFlight?: number;
  /** Bytes of such records, at the most; one record is always let in. @default 64 MiB */
  readonly bytesInFlight?: number;
  /**
   * Requests to Temporal that a reader has in flight at the most, one for each lane; fewer when the server makes no use of
   * more. @default 64
   */
  readonly requestsInFlight?: number;
  /**
   * How long a quiet shard is left alone at the most. One that has had records is asked again after 200 ms, and after twice
   * as long each time that there is nothing. Longer: fewer calls, and an event that comes after a pause is handled so much
   * later.
   * @default '1s'
   */
  readonly idlePoll?: Duration;
  /**
   * Log and `keylane status` warn when records that were not read are nearer to being lost than this: the source's
   * retention less what reading is behind.
   * @default '6h'
   */
  readonly warnBefore?: Duration;
}

export type SourceConfig = KinesisConfig | DynamodbConfig;

export interface KinesisOptions {
  /** Name or ARN of the data stream. */
  readonly stream: string;
  /** Where the first start of the pipeline begins to read. @default 'TRIM_HORIZON' */
  readonly startAt?: 'TRIM_HORIZON' | 'LATEST' | Date;
  /**
   * Enhanced fan-out: the stream pushes its records to a consumer of this name, which is registered when it is not there.
   * AWS bills it by the hour, shard and amount of data. No two pipelines can share a consumer.
   * @default none: the shards are polled
   */
  readonly fanOut?: { readonly consumer: string };
  /** @default AWS's own settings: AWS_REGION, profile */
  readonly region?: string;
  /** @default AWS's own settings: AWS_ENDPOINT_URL_KINESIS, profile */
  readonly endpoint?: string;
}

export interface DynamodbOptions {
  /** The table; its stream must be enabled. */
  readonly table: string;
  readonly startAt?: 'TRIM_HORIZON' | 'LATEST';
  readonly region?: string;
  readonly endpoint?: string;
}

export interface KinesisConfig extends KinesisOptions {
  readonly kind: 'kinesis';
}

export interface DynamodbConfig extends DynamodbOptions {
  readonly kind: 'dynamodb';
}

export type Handler = (event: HandlerEvent, context: HandlerContext) => Promise<void> | void;

export interface HandlerContext {
  readonly pipeline: string;
  /** From 1; counts on when a person asks for another round of retries. */
  readonly attempt: number;
  /** The same for every attempt of an event, another one after a replace: hand it to whatever must not act twice. */
  readonly idempotencyKey: string;
  /** Aborts at the time limit, when a verb takes the event away, and when the worker must stop. */
  readonly signal: AbortSignal;
  readonly log: HandlerLog;
}

/** Takes a message, or fields and a message, as pino does. */
export interface HandlerLog {
  debug: LogFunction;
  info: LogFunction;
  warn: LogFunction;
  error: LogFunction;
}

export interface LogFunction {
  (message: string): void;
  (fields: object, message: string): void;
}

/** Gives the settings their type; returns them as they are. */
export function defineConfig(config: KeylaneConfig): KeylaneConfig {
  return config;
}

/** A Kinesis data stream as source. */
export function kinesis(options: KinesisOptions): KinesisConfig {
  return { kind: 'kinesis', ...options };
}

/** The stream of a DynamoDB table as source. */
export function dynamodb(options: DynamodbOptions): DynamodbConfig {
  return { kind: 'dynamodb', ...options };
}

/** A folder as store of large events, for processes of one machine or with a file system that all of them see. */
export function folder(path: string): FolderConfig {
  return { kind: 'folder', path };
}

/** A bucket of S3, or of a service that speaks as it does, as store of large events. */
export function s3(options: S3Options): S3Config {
  return { kind: 's3', ...options };
}
