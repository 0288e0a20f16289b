import type { Duration } from './duration.ts';
import type { FilterPattern } from './filter.ts';
import type { Handler } from './handler.ts';
import type { KeyableRecord } from './record.ts';
import type { Size } from './size.ts';
import type { SourceConfig } from './source-config.ts';
import type { LargeEventsConfig } from './store-config.ts';

export interface PipelineConfig {
  readonly source: SourceConfig;
  /**
   * The key of a record. A record for which it throws, or does not return a non-empty string, goes to the
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
  /** Maximum number of readers of the pipeline; additional shards share them. @default 16 */
  readonly maxReaders?: number;
  /** How often shards are listed when no shard ends. @default '1m' */
  readonly discoverEvery?: Duration;
  /** Reading period: how long one reader activity runs before it reports its checkpoints. @default '5m' */
  readonly shift?: Duration;
  /** Maximum number of records that a reader has read and no lane has accepted yet. @default 10000 */
  readonly recordsInFlight?: number;
  /** Maximum bytes of such records; a single larger record is allowed. @default 64 MiB */
  readonly bytesInFlight?: number;
  /**
   * Maximum number of requests to Temporal that a reader has in flight, one for each lane; fewer while more would not
   * increase the throughput. @default 64
   */
  readonly requestsInFlight?: number;
  /**
   * Maximum poll interval of an idle shard. A shard that had records is polled again after 200 ms, and the interval
   * doubles with each empty poll. A longer interval means fewer calls, and more latency for the first event after a pause.
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
