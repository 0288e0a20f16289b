import { Worker, type NativeConnection } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { createReadingActivities } from '../activities/reading/reading-activities.ts';
import type { FreezeWatch } from '../lib/node/freeze-watch.ts';
import { readingTaskQueue } from '../contracts/names.ts';
import type { Settings } from '../settings/settings.ts';
import type { Source } from '../sources/source.ts';
import type { Claims } from '../stores/claims.ts';
import { readingMetrics } from './metrics/reading.ts';
import { ofPipeline } from './of-pipeline.ts';
import { activityFailures } from './activity-failures.ts';
import { runWorker, type RunningWorker } from './running-worker.ts';
import { metricMeter } from './runtime.ts';
import { deploymentOptions } from './deployment-options.ts';
import type { Version } from '../temporal/routing.ts';
import { workflowCode } from './workflow-bundle.ts';

/** Readers stop by themselves within some seconds; see bridge/read/reader.ts. */
const GRACE_MS = 10_000;
/** Heartbeats carry checkpoints: after a reader dies, records since its last heartbeat are read again. */
const HEARTBEAT_THROTTLE_MS = 1000;

export interface BridgeWorkerOptions {
  readonly settings: Settings;
  /** Sources by pipeline. */
  readonly sources: ReadonlyMap<string, Source>;
  /** By pipeline; only pipelines with a store are included. */
  readonly claims: ReadonlyMap<string, Claims>;
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly freezeWatch: FreezeWatch;
  readonly version: Version;
  readonly log: Logger;
}

/** Starts the worker that runs pipelines and their readers. */
export async function startBridgeWorker(options: BridgeWorkerOptions): Promise<RunningWorker> {
  const { settings, sources, claims, connection, client, freezeWatch, version, log } = options;
  const { taskQueue } = settings.temporal;
  const pipelines = new Map(
    [...settings.pipelines].flatMap(([name, pipeline]) => {
      const source = sources.get(name);
      if (source === undefined) return [];
      const metrics = readingMetrics(metricMeter(), name);
      return [[name, { settings: pipeline, source, claims: claims.get(name), metrics }] as const];
    }),
  );
  const stopping = new AbortController();
  const reading = createReadingActivities({
    pipelines: ofPipeline(pipelines, settings.file),
    client,
    taskQueue,
    freezeWatch,
    log,
    stopping: stopping.signal,
  });
  const worker = await Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue: readingTaskQueue(taskQueue),
    ...deploymentOptions(version),
    ...workflowCode(),
    activities: { ...reading },
    interceptors: { activity: [activityFailures] },
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
    shutdownGraceTime: GRACE_MS,
    shutdownForceTime: 2 * GRACE_MS,
  });
  return runWorker(worker, stopping, log);
}
