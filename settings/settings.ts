import type { DynamodbConfig, KinesisConfig } from '../contracts/public/source-config.ts';
import type { Handler } from '../contracts/public/handler.ts';
import type { StoreConfig } from '../contracts/public/store-config.ts';
import type { RetryPolicy } from '../contracts/event/failure.ts';
import type { FilterPattern } from '../contracts/public/filter.ts';
import type { LaneOptions } from '../contracts/lane/options.ts';
import type { PipelineOptions } from '../contracts/pipeline/options.ts';
import type { KeyableRecord } from '../contracts/public/record.ts';
import type { PoolOptions } from '../contracts/pool/options.ts';
import type { HistoryLimits } from '../contracts/pipeline/history-limits.ts';

/** The settings after loading: checked, every default filled in, every duration in ms. */
export interface Settings {
  /** Absolute path of the settings file. */
  readonly file: string;
  readonly temporal: TemporalSettings;
  readonly metrics: MetricsSettings;
  readonly log: LogSettings;
  readonly pipelines: ReadonlyMap<string, PipelineSettings>;
}

export interface TemporalSettings {
  /** Undefined when neither the settings nor the environment have one. */
  readonly address: string | undefined;
  readonly namespace: string | undefined;
  readonly taskQueue: string;
  /** Absent when processes have no version. */
  readonly deployment?: DeploymentSettings;
}

export interface DeploymentSettings {
  readonly name: string;
  /** Only bridges and workers need one: `keylane retry` does not. */
  readonly buildId: string | undefined;
}

export interface MetricsSettings {
  /** Undefined when metrics are not served. */
  readonly address: string | undefined;
}

export interface LogSettings {
  /** Whether log lines contain keys and positions. */
  readonly keys: boolean;
}

export interface PipelineSettings {
  readonly name: string;
  readonly source: KinesisConfig | DynamodbConfig;
  /** `none`: the events of a key are handled in the order in which they are read. */
  readonly order: 'key' | 'none';
  readonly key: ((record: KeyableRecord) => unknown) | undefined;
  /** A record must match one of them to be handled; undefined to handle every record. */
  readonly filter: readonly FilterPattern[] | undefined;
  /** Absolute path of the handler's module, or the function itself. */
  readonly handler: string | Handler;
  readonly handling: HandlingSettings;
  readonly lane: LaneOptions;
  readonly hosting: HostingSettings;
  readonly pipeline: PipelineOptions;
  readonly reading: ReadingSettings;
  readonly largeEvents: LargeEventsSettings;
}

export type HostingSettings =
  { readonly kind: 'own' } | { readonly kind: 'pooled'; readonly pools: number; readonly pool: PoolOptions };

/** The number of pools; undefined when each key has a lane of its own. */
export function poolsOf(hosting: HostingSettings): number | undefined {
  return hosting.kind === 'pooled' ? hosting.pools : undefined;
}

export interface LargeEventsSettings {
  /** Maximum number of bytes of an event's data in Temporal. */
  readonly above: number;
  /** A folder's path is absolute. Undefined when there is no store. */
  readonly store: StoreConfig | undefined;
}

export interface HandlingSettings {
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly stopTimeoutMs: number;
}

export interface ReadingSettings {
  readonly recordsInFlight: number;
  readonly bytesInFlight: number;
  readonly requestsInFlight: number;
  /** Deadline of one request to Temporal. */
  readonly requestTimeoutMs: number;
  /** Lanes with a larger history get no more events. */
  readonly historyLimits: HistoryLimits;
  /** The longest wait before a quiet shard is read again. */
  readonly idlePollMs: number;
  /** A warning is logged when unread records expire in less than this. */
  readonly warnBeforeMs: number;
}
