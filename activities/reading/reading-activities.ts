/**
 * The activities of the pipeline workflow: list the shards, and read some of them for a shift.
 *
 * The adapter between Temporal's activities and the bridge: heartbeats are the reader's reports, a new attempt goes on
 * from the last of them, and everything that ends an attempt is either a way home or a lost lease.
 */
import { setMaxListeners } from 'node:events';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { systemClock } from '../../lib/node/clock.ts';
import { createRecordRouter, type RecordRouter } from '../../bridge/read/route-record.ts';
import { KeyWatch } from '../../bridge/watch/key-watch.ts';
import { HistoryBudget } from '../../bridge/temporal/history-budget.ts';
import { Lease, LeaseLostError } from '../../bridge/lease/lease.ts';
import type { LaneGateway } from '../../bridge/deliver/gateway.ts';
import { LossWatch } from '../../bridge/watch/loss-watch.ts';
import { OutageLog } from '../../bridge/deliver/outage-log.ts';
import { Reader, type ReaderOptions } from '../../bridge/read/reader.ts';
import { ReadingMeter } from '../../bridge/read/reading-meter.ts';
import type { ReadingMetrics } from '../../bridge/read/reading-metrics.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';
import { routerOf, type Router } from '../../temporal/router.ts';
import { TemporalGateway } from '../../bridge/temporal/temporal-gateway.ts';
import { ThrottleLog } from '../../bridge/deliver/throttle-log.ts';
import type { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import type { ReaderInput, ReaderReport, ReadingActivities } from '../../contracts/pipeline/reading.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import type { RedrivingActivities } from '../../contracts/quarantine/search.ts';
import type { FetchInput, FetchOutcome } from '../../contracts/event/large-events.ts';
import type { PipelineSettings } from '../../settings/settings.ts';
import { SourceConfigurationError } from '../../sources/errors.ts';
import { compileFilter } from '../../sources/filter/filter.ts';
import type { Source } from '../../sources/source.ts';
import { truncate } from '../../lib/pure/text.ts';
import { claimOf, type Claims } from '../../stores/claims.ts';
import { StoreUnavailableError } from '../../stores/errors.ts';
import { keyFunctionCalls } from '../execution/current-call.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { adoptQuarantine } from '../quarantine/adopt.ts';
import { createRedrivingActivities } from '../quarantine/redriving-activities.ts';
import { fetchData } from './fetch-data.ts';
import { findOwnAttempt } from './own-attempt.ts';
import { resume } from './resume.ts';
import { ShardLister } from './shard-lister.ts';
import { StreamGuard } from './stream-guard.ts';

/**
 * Temporal keeps 4 KiB of the last failure of a pending activity, and nothing of a larger one; the causes below the
 * message and their stacks would be too much.
 */
const FAILURE_CHARS = 2000;
/** A listing that fails is tried again within half a minute: its figures last until then, also when listings are frequent. */
const MIN_FIGURES_FOR_MS = 3 * 60_000;

interface ReadablePipeline {
  readonly settings: PipelineSettings;
  readonly source: Source;
  /** Absent when the pipeline has no store for large events. */
  readonly claims: Claims | undefined;
  readonly metrics: ReadingMetrics;
}

export interface ReadingDependencies {
  /** The pipeline of a name; throws, naming those that there are, when this process does not have it. */
  readonly pipelines: (name: string) => ReadablePipeline;
  readonly client: Client;
  /** Where lanes and the quarantine run. */
  readonly taskQueue: string;
  /** Started by the process. */
  readonly freezeWatch: FreezeWatch;
  readonly log: Logger;
  /** Aborts when the process shall stop: readers come home with exact checkpoints. */
  readonly stopping: AbortSignal;
}

/** Attempts to fetch data from the source. After some two minutes of them the key is blocked, and an operator sees why. */
const FETCH_ATTEMPTS = 8;

/** What a process keeps for a pipeline while its readers come and go. */
interface Kept {
  readonly lister: ShardLister;
  readonly guard: StreamGuard;
  readonly keyWatch: KeyWatch;
  readonly lossWatch: LossWatch;
  readonly room: HistoryBudget;
  readonly runs: RecentMap;
  readonly meter: ReadingMeter;
  /** Absent when there is none. */
  readonly store: ReaderOptions['store'];
}

interface Process extends ReadingDependencies {
  readonly outage: OutageLog;
  readonly throttling: ThrottleLog;
  readonly kept: (pipeline: string) => Kept;
}

export function createReadingActivities(dependencies: ReadingDependencies): ReadingActivities & RedrivingActivities {
  const all = new Map<string, Kept>();
  const kept = (pipeline: string): Kept => {
    const found = all.get(pipeline) ?? keep(dependencies, pipeline);
    all.set(pipeline, found);
    return found;
  };
  // A listener for each reader that is out.
  setMaxListeners(0, dependencies.stopping);
  const { log } = dependencies;
  const told = { outage: new OutageLog(log, 'Temporal'), throttling: new ThrottleLog(log) };
  const process: Process = { ...dependencies, ...told, kept };
  return {
    listShards: async (...asked) => await withHeartbeat(async () => await listShards(process, ...asked)),
    readShards: async (input) => await readShards(process, input),
    fetchData: async (input) => await withHeartbeat(async () => await fetchSourceOnlyData(process, input)),
    ...createRedrivingActivities({
      ...dependencies,
      router: async (pipeline) => await knownRouter(dependencies.client, pipeline),
      gateway: (pipeline, own) => openGateway(process, pipeline, own),
      openLease: () => openLease(process, Context.current().info.heartbeatTimeoutMs ?? 0),
    }),
  };
}

function keep({ log, pipelines }: ReadingDependencies, pipeline: string): Kept {
  const { claims, metrics, settings, source } = pipelines(pipeline);
  const own = log.child({ pipeline });
  const room = new HistoryBudget({ limits: settings.reading.room, log: own, clock: systemClock });
  return {
    lister: new ShardLister(source, own),
    guard: new StreamGuard({
      pipeline,
      source,
      metrics,
      log: own,
      acceptsUnordered: settings.order === 'none',
      figuresForMs: Math.max(MIN_FIGURES_FOR_MS, 2 * settings.pipeline.discoverEveryMs),
    }),
    keyWatch: new KeyWatch(own),
    lossWatch: new LossWatch(own, settings.reading.warnBeforeMs),
    room,
    runs: new RecentMap(),
    meter: new ReadingMeter(metrics, () => room.full),
    store: claims && { claims, outage: new OutageLog(own, `the store of large events, ${claims.place}`) },
  };
}

async function listShards(
  deps: Process,
  ...[pipeline, known, stream]: Parameters<ReadingActivities['listShards']>
): Promise<ShardListing> {
  const { cancellationSignal } = Context.current();
  try {
    const { guard, lister } = deps.kept(pipeline);
    const listing = guard.listed(await lister.list(known, cancellationSignal), stream);
    await lookAfterQuarantine(deps, pipeline, cancellationSignal);
    return listing;
  } catch (error) {
    throw toFailure(error);
  }
}

/** With each listing, which comes every minute or so. The shards do not wait for what is wrong with it. */
async function lookAfterQuarantine(deps: Process, pipeline: string, signal: AbortSignal): Promise<void> {
  const log = deps.log.child({ pipeline });
  try {
    await adoptQuarantine(deps.client, pipeline, openGateway(deps, pipeline, log), signal);
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'whether the quarantine was ended from outside cannot be learned');
  }
}

async function readShards(deps: Process, input: ReaderInput): Promise<ReaderReport> {
  const context = Context.current();
  const lease = openLease(deps, input.heartbeatTimeoutMs);
  const home = new AbortController();
  // A reader whose signals are raised before it listens must hear of it too.
  const unlisten = [
    whenAborted(deps.stopping, () => home.abort()),
    whenAborted(context.cancellationSignal, () => {
      if (stillOurs(context)) home.abort();
      else lease.lose(new LeaseLostError(`Temporal has given up this attempt of reader ${readerName(context)}.`));
    }),
  ];
  try {
    const report = await read(deps, input, lease, home.signal);
    // What it waited for last may have come while it stood still, and be seen before the freeze is.
    lease.check();
    // Paused or reset by a person: Temporal expects the failure, and starts another attempt from the last heartbeat.
    const { cancelRequested, paused, reset } = context.cancellationDetails ?? {};
    if ((paused || reset) && !cancelRequested) throw context.cancellationSignal.reason;
    // When it was asked to come home, by a cancellation too, it has done what it was asked to: the workflow gets this.
    return report;
  } catch (error) {
    throw toFailure(error);
  } finally {
    for (const stop of unlisten) stop();
    lease.close();
  }
}

async function read(deps: Process, input: ReaderInput, lease: Lease, stopReading: AbortSignal): Promise<ReaderReport> {
  const { guard, keyWatch, lossWatch, meter, store } = deps.kept(input.pipeline);
  const pipeline = deps.pipelines(input.pipeline);
  const { settings, source } = pipeline;
  const context = Context.current();
  const log = deps.log.child({ pipeline: input.pipeline, reader: context.info.activityId });
  const { shards, finished } = resume(input, context.info.heartbeatDetails as ReaderReport | undefined);
  const hasFinished = Object.keys(finished).length > 0;
  await guard.check(input.stream, stopReading);
  const whole = (report: ReaderReport): ReaderReport => ({ shards: { ...finished, ...report.shards } });
  const reader = new Reader({
    source,
    shards,
    shiftMs: input.shiftMs,
    hasFinished,
    routeRecord: openRecordRouter(pipeline),
    gateway: openGateway(deps, input.pipeline, log),
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
    // An earlier attempt has finished shards. Only a reader that comes home tells the workflow, and their children wait
    // for that (O3); what cannot be read goes to the next reader.
    if (lease.lost.aborted || !hasFinished) throw error;
    return whole(reader.report);
  }
}

/** Without it the place of a key is not known; it is asked again when the activity is repeated. */
async function knownRouter(client: Client, pipeline: string): Promise<Router> {
  const router = await routerOf(client, pipeline);
  if (router !== undefined) return router;
  throw new Error(
    `Temporal does not have pipeline ${pipeline}, so it is not known where its keys live: start its bridge`,
  );
}

/** The way to the lanes of a pipeline, for all of this process that send to them. */
function openGateway(deps: Process, pipeline: string, log: Logger): LaneGateway {
  const { client, outage, taskQueue, throttling } = deps;
  const { hosting, lane, reading } = deps.pipelines(pipeline).settings;
  const pool = hosting.kind === 'pooled' ? hosting.pool : undefined;
  const { room, runs } = deps.kept(pipeline);
  const { requestTimeoutMs } = reading;
  const shared = { client, taskQueue, outage, throttling, room, runs, log, clock: systemClock };
  return new TemporalGateway({ ...shared, pipeline, lane, pool, requestTimeoutMs });
}

/** A store that does not answer is waited for without a bound: the data would go nowhere else. */
async function fetchSourceOnlyData({ pipelines }: Process, input: FetchInput): Promise<FetchOutcome> {
  const { cancellationSignal, info } = Context.current();
  try {
    return await fetchData(pipelines(input.pipeline), input, cancellationSignal);
  } catch (error) {
    const isWaitedFor = error instanceof StoreUnavailableError || cancellationSignal.aborted;
    if (isWaitedFor || info.attempt < FETCH_ATTEMPTS) throw toFailure(error);
    const message = truncate(error instanceof Error ? error.message : String(error), FAILURE_CHARS);
    throw ApplicationFailure.nonRetryable(message, error instanceof Error ? error.name : 'Error');
  }
}

function openRecordRouter({ claims, settings, source }: ReadablePipeline): RecordRouter {
  const { filter, key, largeEvents, name } = settings;
  const { above } = largeEvents;
  const called = key && keyFunctionCalls(name, key);
  return createRecordRouter(source.kind, called, filter && compileFilter(source.kind, filter), {
    above,
    ...(claims === undefined ? {} : { claimOf: (...of) => claimOf(name, ...of) }),
  });
}

function openLease(deps: Process, heartbeatTimeoutMs: number): Lease {
  const context = Context.current();
  return new Lease({
    reader: readerName(context),
    find: findOwnAttempt(deps.client, context.info),
    freezeWatch: deps.freezeWatch,
    heartbeatTimeoutMs,
    clock: systemClock,
    onReadError: (error) => deps.outage.failed(error, systemClock.now()),
  });
}

/** Whether this attempt is still the one that Temporal waits for, although it was canceled. */
function stillOurs(context: Context): boolean {
  const { notFound = false, timedOut = false } = context.cancellationDetails ?? {};
  return !notFound && !timedOut;
}

function readerName({ info }: Context): string {
  return `${info.workflowExecution?.workflowId}/${info.activityId}, attempt ${info.attempt}`;
}

function whenAborted(signal: AbortSignal, then: () => void): () => void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, { once: true });
  return () => signal.removeEventListener('abort', then);
}

/** Retryable: a person may mend it meanwhile, and Temporal's UI shows what is wrong until then. */
function toFailure(error: unknown): unknown {
  if (!(error instanceof SourceConfigurationError)) return error;
  const failure = ApplicationFailure.create({
    type: error.name,
    message: error.message.slice(0, FAILURE_CHARS),
    nonRetryable: false,
  });
  failure.stack = '';
  return failure;
}
