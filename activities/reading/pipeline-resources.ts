/** What a process shares between all readers of a pipeline, which are replaced every few minutes. */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { LaneGateway } from '../../bridge/deliver/gateway.ts';
import { OutageLog } from '../../bridge/deliver/outage-log.ts';
import { ThrottleLog } from '../../bridge/deliver/throttle-log.ts';
import { createRecordRouter, type RecordRouter } from '../../bridge/read/route-record.ts';
import type { ReaderOptions } from '../../bridge/read/reader.ts';
import { ReadingMeter } from '../../bridge/read/reading-meter.ts';
import type { ReadingMetrics } from '../../bridge/read/reading-metrics.ts';
import { HistoryBudget } from '../../bridge/temporal/history-budget.ts';
import { TemporalGateway } from '../../bridge/temporal/temporal-gateway.ts';
import { KeyWatch } from '../../bridge/watch/key-watch.ts';
import { LossWatch } from '../../bridge/watch/loss-watch.ts';
import { systemClock } from '../../lib/node/clock.ts';
import type { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';
import type { PipelineSettings } from '../../settings/settings.ts';
import { compileFilter } from '../../sources/filter/filter.ts';
import type { Source } from '../../sources/source.ts';
import { claimOf, type Claims } from '../../stores/claims.ts';
import { keyFunctionCalls } from '../execution/current-call.ts';
import { ShardLister } from './shard-lister.ts';
import { StreamGuard } from './stream-guard.ts';

/**
 * A failed listing is retried within half a minute; its figures stay valid until then, also when listings are frequent.
 */
const MIN_FIGURES_FOR_MS = 3 * 60_000;

export interface ReadablePipeline {
  readonly settings: PipelineSettings;
  readonly source: Source;
  /** Absent when the pipeline has no store for large events. */
  readonly claims: Claims | undefined;
  readonly metrics: ReadingMetrics;
}

export interface ReadingDependencies {
  /** Returns the pipeline with a name; throws, listing the known names, when this process does not have it. */
  readonly pipelines: (name: string) => ReadablePipeline;
  readonly client: Client;
  /** The task queue of lanes and the quarantine. */
  readonly taskQueue: string;
  /** Started by the process. */
  readonly freezeWatch: FreezeWatch;
  readonly log: Logger;
  /** Aborts when the process is about to stop: readers return with exact checkpoints. */
  readonly stopping: AbortSignal;
}

interface PipelineResources {
  readonly lister: ShardLister;
  readonly guard: StreamGuard;
  readonly keyWatch: KeyWatch;
  readonly lossWatch: LossWatch;
  readonly historyBudget: HistoryBudget;
  readonly runs: RecentMap;
  readonly meter: ReadingMeter;
  /** Absent when the pipeline has no store for large events. */
  readonly store: ReaderOptions['store'];
}

/** What the activities of one process share. */
export interface ReadingContext extends ReadingDependencies {
  readonly outage: OutageLog;
  readonly throttling: ThrottleLog;
  /** Returns the resources of a pipeline, which are created at the first call. */
  readonly resourcesOf: (pipeline: string) => PipelineResources;
}

export function createReadingContext(dependencies: ReadingDependencies): ReadingContext {
  const { log } = dependencies;
  const all = new Map<string, PipelineResources>();
  return {
    ...dependencies,
    outage: new OutageLog(log, 'Temporal'),
    throttling: new ThrottleLog(log),
    resourcesOf: (pipeline) => {
      const resources = all.get(pipeline) ?? createResources(dependencies, pipeline);
      all.set(pipeline, resources);
      return resources;
    },
  };
}

function createResources({ log: processLog, pipelines }: ReadingDependencies, pipeline: string): PipelineResources {
  const { claims, metrics, settings, source } = pipelines(pipeline);
  const log = processLog.child({ pipeline });
  const historyBudget = new HistoryBudget({ limits: settings.reading.historyLimits, log, clock: systemClock });
  return {
    lister: new ShardLister(source, log),
    guard: new StreamGuard({
      pipeline,
      source,
      metrics,
      log,
      acceptsUnordered: settings.order === 'none',
      figuresForMs: Math.max(MIN_FIGURES_FOR_MS, 2 * settings.pipeline.discoverEveryMs),
    }),
    keyWatch: new KeyWatch(log),
    lossWatch: new LossWatch(log, settings.reading.warnBeforeMs),
    historyBudget,
    runs: new RecentMap(),
    meter: new ReadingMeter(metrics, () => historyBudget.full),
    store: claims && { claims, outage: new OutageLog(log, `the store of large events, ${claims.place}`) },
  };
}

/** The gateway to the lanes of a pipeline, for all senders of this process. */
export function openGateway(context: ReadingContext, pipeline: string, log: Logger): LaneGateway {
  const { client, outage, taskQueue, throttling } = context;
  const { hosting, lane, reading } = context.pipelines(pipeline).settings;
  const pool = hosting.kind === 'pooled' ? hosting.pool : undefined;
  const { historyBudget, runs } = context.resourcesOf(pipeline);
  const { requestTimeoutMs } = reading;
  const shared = { client, taskQueue, outage, throttling, historyBudget, runs, log, clock: systemClock };
  return new TemporalGateway({ ...shared, pipeline, lane, pool, requestTimeoutMs });
}

export function openRecordRouter({ claims, settings, source }: ReadablePipeline): RecordRouter {
  const { filter, key, largeEvents, name } = settings;
  const { above } = largeEvents;
  const called = key && keyFunctionCalls(name, key);
  return createRecordRouter(source.kind, called, filter && compileFilter(source.kind, filter), {
    above,
    ...(claims === undefined ? {} : { claimOf: (...of) => claimOf(name, ...of) }),
  });
}
