/**
 * The activities of the pipeline workflow: list the shards, and read some of them for a reading period.
 *
 * They adapt Temporal's activities to the bridge: heartbeats are the reader's reports, a new attempt continues from the
 * last of them, and an attempt ends either with a report or with a lost lease.
 */
import { setMaxListeners } from 'node:events';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { Lease, LeaseLostError } from '../../bridge/lease/lease.ts';
import { Reader } from '../../bridge/read/reader.ts';
import type { FetchInput, FetchOutcome } from '../../contracts/event/large-events.ts';
import type { ReaderInput, ReaderReport, ReadingActivities } from '../../contracts/pipeline/reading.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import type { RedrivingActivities } from '../../contracts/quarantine/search.ts';
import { onAbort } from '../../lib/node/abort.ts';
import { systemClock } from '../../lib/node/clock.ts';
import { truncate } from '../../lib/pure/text.ts';
import { StoreUnavailableError } from '../../stores/errors.ts';
import { routerOf, type Router } from '../../temporal/router.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { recoverQuarantine } from '../quarantine/recover-quarantine.ts';
import { createRedrivingActivities } from '../quarantine/redriving-activities.ts';
import { fetchData } from './fetch-data.ts';
import { findOwnAttempt } from './own-attempt.ts';
import {
  createReadingContext,
  openGateway,
  openRecordRouter,
  type ReadingContext,
  type ReadingDependencies,
} from './pipeline-resources.ts';
import { lastReport, resume } from './resume.ts';
import { failureOf, MAX_FAILURE_CHARS } from './source-failure.ts';

/**
 * Attempts to fetch data from the source, some two minutes. After them the key is blocked, so that an operator sees
 * why.
 */
const FETCH_ATTEMPTS = 8;

export function createReadingActivities(dependencies: ReadingDependencies): ReadingActivities & RedrivingActivities {
  // Each running reader adds a listener.
  setMaxListeners(0, dependencies.stopping);
  const context = createReadingContext(dependencies);
  return {
    listShards: async (...question) => await withHeartbeat(async () => await listShards(context, ...question)),
    readShards: async (input) => await readShards(context, input),
    fetchData: async (input) => await withHeartbeat(async () => await fetchSourceOnlyData(context, input)),
    ...createRedrivingActivities({
      ...dependencies,
      router: async (pipeline) => await knownRouter(dependencies.client, pipeline),
      gateway: (pipeline, log) => openGateway(context, pipeline, log),
      openLease: () => openLease(context, Context.current().info.heartbeatTimeoutMs ?? 0),
    }),
  };
}

async function listShards(
  context: ReadingContext,
  ...[pipeline, known, stream]: Parameters<ReadingActivities['listShards']>
): Promise<ShardListing> {
  const { cancellationSignal } = Context.current();
  try {
    const { guard, lister } = context.resourcesOf(pipeline);
    const listing = guard.listed(await lister.list(known, cancellationSignal), stream);
    await lookAfterQuarantine(context, pipeline, cancellationSignal);
    return listing;
  } catch (error) {
    throw failureOf(error);
  }
}

/** Runs with each listing, about once a minute. An error here does not fail the listing. */
async function lookAfterQuarantine(context: ReadingContext, pipeline: string, signal: AbortSignal): Promise<void> {
  const log = context.log.child({ pipeline });
  try {
    await recoverQuarantine(context.client, pipeline, openGateway(context, pipeline, log), signal);
  } catch (error) {
    if (!signal.aborted) {
      log.warn({ err: error }, 'Could not check whether the quarantine workflow was terminated externally, retrying');
    }
  }
}

async function readShards(shared: ReadingContext, input: ReaderInput): Promise<ReaderReport> {
  const context = Context.current();
  const lease = openLease(shared, input.heartbeatTimeoutMs);
  const stopReading = new AbortController();
  // `onAbort` also covers a signal that has aborted before.
  const unsubscribe = [
    onAbort(shared.stopping, () => stopReading.abort()),
    onAbort(context.cancellationSignal, () => {
      if (isCurrentAttempt(context)) stopReading.abort();
      else lease.lose(new LeaseLostError(`Temporal has given up this attempt of reader ${readerName(context)}.`));
    }),
  ];
  try {
    const report = await read(shared, input, lease, stopReading.signal);
    // The last await may have settled while the process was frozen, before the freeze was noticed.
    lease.check();
    // Paused or reset by an operator: Temporal expects the failure, and starts another attempt from the last heartbeat.
    const { cancelRequested, paused, reset } = context.cancellationDetails ?? {};
    if ((paused || reset) && !cancelRequested) throw context.cancellationSignal.reason;
    // After a request to stop, also by a cancellation, this is the regular result: the workflow gets it.
    return report;
  } catch (error) {
    throw failureOf(error);
  } finally {
    for (const stop of unsubscribe) stop();
    lease.close();
  }
}

async function read(
  shared: ReadingContext,
  input: ReaderInput,
  lease: Lease,
  stopReading: AbortSignal,
): Promise<ReaderReport> {
  const { guard, keyWatch, lossWatch, meter, store } = shared.resourcesOf(input.pipeline);
  const pipeline = shared.pipelines(input.pipeline);
  const { settings, source } = pipeline;
  const context = Context.current();
  const log = shared.log.child({ pipeline: input.pipeline, reader: context.info.activityId });
  const { shards, finished } = resume(input, lastReport(context.info.heartbeatDetails, log));
  const hasFinished = Object.keys(finished).length > 0;
  await guard.check(input.stream, stopReading);
  const whole = (report: ReaderReport): ReaderReport => ({ shards: { ...finished, ...report.shards } });
  const reader = new Reader({
    source,
    shards,
    shiftMs: input.shiftMs,
    hasFinished,
    routeRecord: openRecordRouter(pipeline),
    gateway: openGateway(shared, input.pipeline, log),
    lease,
    limits: settings.reading,
    pools: input.pools,
    store,
    stopReading,
    onReport: (report) => context.heartbeat(whole(report)),
    retentionMs: input.retentionMs,
    keyWatch,
    lossWatch,
    meter,
    log,
    clock: systemClock,
  });
  try {
    return whole(await reader.run());
  } catch (error) {
    // An earlier attempt has finished shards. The workflow learns that only from a reader that completes, and the
    // children of those shards wait for it (O3); shards that cannot be read go to the next reader.
    if (lease.lost.aborted || !hasFinished) throw error;
    return whole(reader.report);
  }
}

/** Without the pipeline it is not known where keys live; the activity is retried. */
async function knownRouter(client: Client, pipeline: string): Promise<Router> {
  const router = await routerOf(client, pipeline);
  if (router !== undefined) return router;
  throw new Error(
    `Temporal does not have pipeline ${pipeline}, so it is unknown where its keys live: start its bridge`,
  );
}

/** Waits without a limit for a store that does not answer: the data can go nowhere else. */
async function fetchSourceOnlyData({ pipelines }: ReadingContext, input: FetchInput): Promise<FetchOutcome> {
  const { cancellationSignal, info } = Context.current();
  try {
    return await fetchData(pipelines(input.pipeline), input, cancellationSignal);
  } catch (error) {
    const isTemporary = error instanceof StoreUnavailableError || cancellationSignal.aborted;
    if (isTemporary || info.attempt < FETCH_ATTEMPTS) throw failureOf(error);
    const message = truncate(error instanceof Error ? error.message : String(error), MAX_FAILURE_CHARS);
    throw ApplicationFailure.nonRetryable(message, error instanceof Error ? error.name : 'Error');
  }
}

function openLease(shared: ReadingContext, heartbeatTimeoutMs: number): Lease {
  const context = Context.current();
  return new Lease({
    reader: readerName(context),
    find: findOwnAttempt(shared.client, context.info),
    freezeWatch: shared.freezeWatch,
    heartbeatTimeoutMs,
    clock: systemClock,
    onReadError: (error) => shared.outage.failed(error, systemClock.now()),
  });
}

/** Whether Temporal still expects a result from this attempt, although it was canceled. */
function isCurrentAttempt(context: Context): boolean {
  const { notFound = false, timedOut = false } = context.cancellationDetails ?? {};
  return !notFound && !timedOut;
}

function readerName({ info }: Context): string {
  return `${info.workflowExecution?.workflowId}/${info.activityId}, attempt ${info.attempt}`;
}
