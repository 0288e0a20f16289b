/**
 * A Keylane process: bridge, worker or both, with an embedded Temporal server or without.
 *
 * Owns everything that it starts, and stops it in order: first reading (readers return their shards with exact
 * checkpoints), then the handlers (running calls finish), then connections, last the embedded server.
 */
import type { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { FreezeWatch } from '../lib/node/freeze-watch.ts';
import type { Settings } from '../settings/settings.ts';
import type { StreamIdentity } from '../contracts/pipeline/stream-identity.ts';
import type { Source } from '../sources/source.ts';
import { startBridgeWorker } from './bridge-worker.ts';
import { Closers } from '../lib/node/closers.ts';
import { startEmbeddedServer } from './embedded-server.ts';
import { ExitDeadline } from './exit-deadline.ts';
import { checkHostings } from './hosting-check.ts';
import { startLaneWorker } from './lane-worker.ts';
import { withoutKeys } from './log-keys.ts';
import { socketAddress } from '../settings/metrics-address.ts';
import { watchKeys } from './metrics/keys-now.ts';
import { startPipeline, type StartOptions } from './pipelines.ts';
import { warnOfOtherPipelines } from './shared-queue.ts';
import { checkStreams, requireOwnStream } from './stream-check.ts';
import { installRuntime, metricMeter } from './runtime.ts';
import { openSources } from './sources.ts';
import { openStores } from './stores.ts';
import { connectPatiently } from '../temporal/connect-patiently.ts';
import { connectionOptions, DEFAULT_NAMESPACE } from '../temporal/connection.ts';
import { UncaughtErrors } from './uncaught-errors.ts';
import { versionOf, watchVersion } from './version.ts';
import { ensureSearchAttributes, KEYLANE_SEARCH_ATTRIBUTES } from './temporal-server/search-attributes.ts';

export type Role = 'bridge' | 'worker';

export interface ProcessOptions {
  readonly settings: Settings;
  readonly roles: readonly Role[];
  /** Starts an embedded Temporal dev server with this database file; in memory when undefined. */
  readonly embedded?: { readonly database: string | undefined };
  readonly log: Logger;
  /** Called with messages about what takes time at start, such as a build of the embedded server. @default log.info */
  readonly report?: (message: string) => void;
  /** Stops the process gracefully. */
  readonly signal?: AbortSignal;
  /** Terminates running pipelines and starts them over. */
  readonly startOver?: boolean;
  /** ISO time from which pipelines without checkpoints read. */
  readonly from?: string;
  /** How long running handlers may go on after a stop. @default 30000 */
  readonly graceMs?: number;
  /** Interval at which blocked, retrying and paused keys are counted for the metrics. @default 30000 */
  readonly keysEveryMs?: number;
  /** Ends the process when it does not stop in time. Without it a stop has no time limit. */
  readonly exit?: (code: number) => void;
  /** Called when everything has started. */
  readonly onReady?: (ready: ReadyProcess) => void;
}

export interface ReadyProcess {
  readonly client: Client;
  /** URL of the embedded server's UI. */
  readonly uiUrl: string | undefined;
}

const DEFAULT_GRACE_MS = 30_000;
/**
 * What a stop may take in addition to the handlers. With the default, the total is below the 45 s in docs/compose.md.
 */
const OTHER_STOP_MS = 13_000;

/**
 * Runs until the signal aborts, then stops everything in order and resolves.
 * When something cannot start or continue, it stops everything too, and rejects.
 */
export async function runProcess(given: ProcessOptions): Promise<void> {
  const options = given.settings.log.keys ? given : { ...given, log: withoutKeys(given.log) };
  const closers = new Closers(options.log);
  const signal = options.signal ?? new AbortController().signal;
  const deadline = exitDeadline(options, closers);
  signal.addEventListener('abort', () => deadline?.set(), { once: true });
  try {
    const ready = await start(options, signal, closers);
    options.onReady?.(ready);
    await Promise.race([aborted(signal), ...ready.failures]);
    options.log.info('Stopping');
  } catch (error) {
    // A start that was interrupted counts as a stop.
    if (signal.aborted && error === signal.reason) return;
    deadline?.set(error);
    throw error;
  } finally {
    await closers.closeAll();
  }
}

function exitDeadline(
  { exit, log, graceMs = DEFAULT_GRACE_MS }: ProcessOptions,
  closers: Closers,
): ExitDeadline | undefined {
  if (exit === undefined) return undefined;
  const stopWithinMs = graceMs + OTHER_STOP_MS;
  return new ExitDeadline({ stopWithinMs, log, exit, unfinished: () => closers.unfinished });
}

async function start(
  options: ProcessOptions,
  signal: AbortSignal,
  closers: Closers,
): Promise<ReadyProcess & { readonly failures: readonly Promise<never>[] }> {
  const { roles, log, graceMs = DEFAULT_GRACE_MS, startOver = false, from } = options;
  const { report = (message: string) => log.info(message) } = options;
  const metricsAt = options.settings.metrics.address;
  installRuntime(log, metricsAt === undefined ? undefined : await socketAddress(metricsAt));
  const freezeWatch = new FreezeWatch();
  freezeWatch.start();
  closers.add('freeze watch', () => freezeWatch.stop());

  const embedded =
    options.embedded === undefined
      ? undefined
      : await startEmbeddedServer(
          { ...options.embedded, namespace: options.settings.temporal.namespace, log, report, signal },
          closers,
        );
  const settings = embedded === undefined ? options.settings : withTemporal(options.settings, embedded);
  const version = versionOf(settings);
  const sources = roles.includes('bridge') ? await openSources(settings, log, signal, closers) : undefined;

  // TLS and keys of the environment are not meant for the embedded server.
  const env = embedded === undefined ? process.env : {};
  const client = await connectPatiently(settings.temporal, { log, signal, env });
  closers.add('client', () => client.connection.close());
  const namespace = settings.temporal.namespace ?? DEFAULT_NAMESPACE;
  await checkSearchAttributes(client, namespace, log);
  const connection = await NativeConnection.connect(connectionOptions(settings.temporal, env));
  closers.add('worker connection', () => connection.close());

  await checkHostings(client, settings);
  const claims = await openStores(settings, closers);
  // Before any worker polls: its first task may be of another process's pipeline with the same name (O4).
  const streams = sources && (await checkStreams(settings, sources, { client, signal, log, startOver }));
  await warnOfOtherPipelines(settings, { client, log });
  const watch = await watchVersion(version, { settings, roles, client, log }, closers);
  const shared = { settings, claims, connection, client, freezeWatch, version, log };
  const failures: Promise<never>[] = [];
  if (options.exit !== undefined) {
    const uncaught = new UncaughtErrors(log);
    closers.add('uncaught errors', () => uncaught.stop());
    failures.push(uncaught.fatal);
  }
  // Added last, closed first: the bridge stops before the handlers do.
  if (roles.includes('worker')) {
    const worker = await startLaneWorker({ ...shared, graceMs });
    closers.add('worker', () => worker.stop());
    failures.push(worker.failed);
  }
  if (sources !== undefined) {
    const bridge = await startBridgeWorker({ ...shared, sources });
    closers.add('bridge', () => bridge.stop());
    failures.push(bridge.failed);
    const startOptions = { client, taskQueue: settings.temporal.taskQueue, log, signal, startOver, from: timeOf(from) };
    const starting = () => startPipelines(settings, sources, streams, startOptions);
    // A version that gets no work yet must not configure pipelines, and there may be no worker that answers for them.
    if (watch.hasWork) await starting();
    else failures.push(watch.untilWork().then(starting).then(forever));
  }
  if (metricsAt !== undefined && sources !== undefined) measureKeys(settings, client, options, closers);
  const metrics = metricsAt === undefined ? {} : { metrics: `http://${metricsAt}/metrics` };
  log.info({ pipelines: [...settings.pipelines.keys()], roles, ...version, ...metrics }, 'Keylane started');
  return { client, uiUrl: embedded?.uiUrl, failures };
}

/** Starts all pipelines concurrently: one that waits for its source must not hold up the others. */
async function startPipelines(
  settings: Settings,
  sources: ReadonlyMap<string, Source>,
  streams: ReadonlyMap<string, StreamIdentity> | undefined,
  options: StartOptions,
): Promise<void> {
  await Promise.all(
    [...settings.pipelines].map(async ([name, pipeline]) => {
      const source = sources.get(name);
      if (source === undefined) return;
      const stream = streams?.get(name);
      await startPipeline(pipeline, source, { ...options, stream });
      // Two processes that start a pipeline at the same moment have both found none.
      if (stream !== undefined) await requireOwnStream(options.client, name, stream);
    }),
  );
  // The same goes for the hosting.
  await checkHostings(options.client, settings);
}

function measureKeys(settings: Settings, client: Client, { log, keysEveryMs }: ProcessOptions, closers: Closers): void {
  const pipelines = settings.pipelines.values();
  closers.add('gauges of keys', watchKeys({ pipelines, client, meter: metricMeter(), log, everyMs: keysEveryMs }));
}

async function checkSearchAttributes({ connection }: Client, namespace: string, log: Logger): Promise<void> {
  const searchAttributes = KEYLANE_SEARCH_ATTRIBUTES;
  await ensureSearchAttributes(connection as Connection, namespace, searchAttributes, (reason) =>
    log.warn(
      { namespace, searchAttributes },
      `This process may not list search attributes (${reason}). If one of these is missing or has another type, lanes cannot make progress; see docs/settings.md`,
    ),
  );
}

function withTemporal(settings: Settings, { address, namespace }: { address: string; namespace: string }): Settings {
  const { taskQueue } = settings.temporal;
  // The embedded server has no current version, so this process runs without one.
  return { ...settings, temporal: { address, namespace, taskQueue } };
}

function timeOf(from: string | undefined): number | undefined {
  return from === undefined ? undefined : Date.parse(from);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A promise that never settles, for work that can only end by failing. */
function forever(): Promise<never> {
  return new Promise(() => undefined);
}
