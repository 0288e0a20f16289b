import { dirname, resolve } from 'node:path';
import type { SegmentLimits } from '../contracts/lane/backlog.ts';
import type { BacklogConfig, PipelineConfig, ReadingConfig, RetryConfig } from '../contracts/public/pipeline-config.ts';
import type { KeylaneConfig } from '../contracts/public/config.ts';
import type { LargeEventsConfig } from '../contracts/public/store-config.ts';
import type { SourceConfig } from '../contracts/public/source-config.ts';
import { durationMs, type Duration } from '../contracts/public/duration.ts';
import type { RetryPolicy } from '../contracts/event/failure.ts';
import type { FilterPattern } from '../contracts/public/filter.ts';
import type { LaneOptions } from '../contracts/lane/options.ts';
import type { PipelineOptions } from '../contracts/pipeline/options.ts';
import { DEFAULT_MAX_HOLD_MS } from '../contracts/pool/options.ts';
import { DEFAULT_HISTORY_LIMITS } from '../contracts/pipeline/history-limits.ts';
import type { HostingSettings, LargeEventsSettings, PipelineSettings } from './settings.ts';
import { sizeBytes } from '../contracts/public/size.ts';
import { DEFAULTS, REQUEST_TIMEOUT_MS } from './defaults.ts';

/** Converts checked settings to pipelines with all defaults. `file` is the settings file. */
export function toPipelines(config: KeylaneConfig, file: string): Map<string, PipelineSettings> {
  return new Map(
    Object.entries(config.pipelines).map(([name, pipeline]) => {
      const largeEvents = { ...config.largeEvents, ...pipeline.largeEvents };
      return [name, toPipeline(name, { ...pipeline, largeEvents }, dirname(file))];
    }),
  );
}

function toPipeline(name: string, config: PipelineConfig, folder: string): PipelineSettings {
  const { reading = {} } = config;
  return {
    name,
    source: toSource(config.source),
    order: config.order ?? 'key',
    key: config.key,
    filter: toPatterns(config.filter),
    handler: typeof config.handler === 'string' ? resolve(folder, config.handler) : config.handler,
    handling: {
      retry: toRetryPolicy(config.retry ?? {}),
      timeoutMs: ms(config.timeout, DEFAULTS.timeoutMs),
      stopTimeoutMs: ms(config.stopTimeout, DEFAULTS.stopTimeoutMs),
    },
    lane: toLaneOptions(config),
    hosting: toHosting(config),
    pipeline: toPipelineOptions(reading),
    reading: {
      recordsInFlight: reading.recordsInFlight ?? DEFAULTS.reading.recordsInFlight,
      bytesInFlight: reading.bytesInFlight ?? DEFAULTS.reading.bytesInFlight,
      requestsInFlight: reading.requestsInFlight ?? DEFAULTS.reading.requestsInFlight,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      historyLimits: DEFAULT_HISTORY_LIMITS,
      idlePollMs: ms(reading.idlePoll, DEFAULTS.reading.idlePollMs),
      warnBeforeMs: ms(reading.warnBefore, DEFAULTS.reading.warnBeforeMs),
    },
    largeEvents: toLargeEvents(config.largeEvents ?? {}, folder),
  };
}

function toLaneOptions({ backlog = {}, idle, retry = {} }: PipelineConfig): LaneOptions {
  return {
    ...DEFAULTS.lane,
    retry: toRetryPolicy(retry),
    idleMs: ms(idle, DEFAULTS.lane.idleMs),
    segments: toSegmentLimits(backlog),
  };
}

function toHosting(config: PipelineConfig): HostingSettings {
  if (config.hosting !== 'pooled') return { kind: 'own' };
  const { count = DEFAULTS.pools, maxHold, slowAfter } = config.pools ?? {};
  const slowAfterMs = ms(slowAfter, DEFAULTS.pool.slowAfterMs);
  const maxHoldMs = ms(maxHold, DEFAULT_MAX_HOLD_MS);
  const pool = { ...DEFAULTS.pool, slowAfterMs, maxHoldMs, lane: toLaneOptions(config) };
  return { kind: 'pooled', pools: count, pool };
}

function toSegmentLimits({ events, bytes }: BacklogConfig): SegmentLimits {
  const { segments } = DEFAULTS.lane;
  return { events: events ?? segments.events, bytes: sizeBytes(bytes) ?? segments.bytes };
}

function toLargeEvents({ above, store }: LargeEventsConfig, folder: string): LargeEventsSettings {
  const { largeEvents } = DEFAULTS;
  return {
    above: sizeBytes(above) ?? (store === undefined ? largeEvents.aboveWithoutStore : largeEvents.above),
    store: store?.kind === 'folder' ? { ...store, path: resolve(folder, store.path) } : store,
  };
}

function toSource(source: SourceConfig): SourceConfig {
  return { ...source, startAt: source.startAt ?? DEFAULTS.startAt } as SourceConfig;
}

function toPatterns(filter: PipelineConfig['filter']): readonly FilterPattern[] | undefined {
  if (filter === undefined) return undefined;
  return Array.isArray(filter) ? (filter as readonly FilterPattern[]) : [filter as FilterPattern];
}

function toRetryPolicy(retry: RetryConfig): RetryPolicy {
  const initialIntervalMs = ms(retry.initialInterval, DEFAULTS.retry.initialIntervalMs);
  return {
    maxAttempts: retry.maxAttempts ?? DEFAULTS.retry.maxAttempts,
    initialIntervalMs,
    backoff: retry.backoff ?? DEFAULTS.retry.backoff,
    // Temporal rejects a policy whose longest wait is shorter than its first.
    maxIntervalMs: ms(retry.maxInterval, Math.max(DEFAULTS.retry.maxIntervalMs, initialIntervalMs)),
  };
}

function toPipelineOptions(reading: ReadingConfig): PipelineOptions {
  return {
    ...DEFAULTS.pipeline,
    maxReaders: reading.maxReaders ?? DEFAULTS.pipeline.maxReaders,
    discoverEveryMs: ms(reading.discoverEvery, DEFAULTS.pipeline.discoverEveryMs),
    shiftMs: ms(reading.shift, DEFAULTS.pipeline.shiftMs),
  };
}

function ms(value: Duration | undefined, otherwise: number): number {
  return durationMs(value) ?? otherwise;
}
