import { Worker, type NativeConnection } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { createQuestionActivities } from '../activities/questions/question-activities.ts';
import { createRecoveryActivities } from '../activities/recovery/recovery-activities.ts';
import { createHandlingActivities } from '../activities/execution/execution-activities.ts';
import type { HandlingPipeline } from '../activities/execution/handling.ts';
import { createSearchingActivities } from '../activities/quarantine/searching-activities.ts';
import { timed } from '../activities/execution/metrics.ts';
import type { FreezeWatch } from '../lib/node/freeze-watch.ts';
import type { Settings } from '../settings/settings.ts';
import type { Claims } from '../stores/claims.ts';
import { handlingMetrics } from './metrics/handling.ts';
import { loadHandler } from '../settings/handler.ts';
import { ofPipeline } from './of-pipeline.ts';
import { activityFailures } from './activity-failures.ts';
import { runWorker, type RunningWorker } from './running-worker.ts';
import { metricMeter } from './runtime.ts';
import { deploymentOptions } from './deployment-options.ts';
import type { Version } from '../temporal/routing.ts';
import { workflowCode } from './workflow-bundle.ts';

/** How long a handler that honors its abort signal may still take after the grace time. */
const LAST_WAIT_MS = 10_000;
/** A cancellation comes with the answer to a heartbeat, so this is how long a verb may wait for a running handler. */
const HEARTBEAT_THROTTLE_MS = 3000;

export interface LaneWorkerOptions {
  readonly settings: Settings;
  /** By pipeline; only pipelines with a store are included. */
  readonly claims: ReadonlyMap<string, Claims>;
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly freezeWatch: FreezeWatch;
  readonly version: Version;
  readonly log: Logger;
  /** How long running handlers may go on after a stop, before their signals abort. */
  readonly graceMs: number;
}

/** Starts the worker that runs lanes and handlers. */
export async function startLaneWorker(options: LaneWorkerOptions): Promise<RunningWorker> {
  const { settings, claims, connection, client, freezeWatch, version, log, graceMs } = options;
  const pipelines = new Map<string, HandlingPipeline>();
  for (const { name, handler, handling } of settings.pipelines.values()) {
    const metrics = handlingMetrics(metricMeter(), name);
    const timedHandler = timed(await loadHandler(handler), metrics);
    pipelines.set(name, { handler: timedHandler, settings: handling, claims: claims.get(name), metrics });
  }
  const stopping = new AbortController();
  const handling = createHandlingActivities({
    pipeline: ofPipeline(pipelines, settings.file),
    client,
    freezeWatch,
    stopping: stopping.signal,
    log,
  });
  const worker = await Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue: settings.temporal.taskQueue,
    ...deploymentOptions(version),
    ...workflowCode(),
    activities: {
      ...handling,
      ...createQuestionActivities(client),
      ...createRecoveryActivities(client),
      ...createSearchingActivities(client),
    },
    interceptors: { activity: [activityFailures] },
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
    shutdownGraceTime: graceMs,
    shutdownForceTime: graceMs + LAST_WAIT_MS,
  });
  return runWorker(worker, stopping, log);
}
