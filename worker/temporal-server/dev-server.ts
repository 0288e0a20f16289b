/**
 * An embedded Temporal dev server: a `temporal server start-dev` that Keylane starts and stops.
 *
 * Owns the server's process and the file that says which server has a database open. Invariants: a returned server is
 * healthy and knows its search attributes; a server that failed to start leaves no process; one database is open in one
 * server; the server never outlives this process, and while this process runs it ends only on request.
 */
import { Connection } from '@temporalio/client';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { serverArguments } from './arguments.ts';
import { markUninitialized, databaseIsReady } from './database-init.ts';
import { describeHolder, readHolder, removeHolder, writeHolder } from './database-holder.ts';
import { DatabaseInUseError, DevServerStartError } from './errors.ts';
import { waitUntilHealthy } from './health.ts';
import { freePort } from './ports.ts';
import { isProcessAlive } from './process-alive.ts';
import { ProcessGroup, type ProcessEnd } from './process-group.ts';
import { ensureSearchAttributes, type SearchAttributeTypes } from './search-attributes.ts';

export interface DevServerOptions {
  /** The `temporal` to run. */
  readonly binary: string;
  /** Where it listens. @default '127.0.0.1' */
  readonly ip?: string;
  /** The gRPC port; the start fails when it is taken. @default any free port */
  readonly port?: number;
  /** The gRPC port if it is free, else any; the UI's port is this plus 1000 if free. Not together with `port`. */
  readonly preferredPort?: number;
  /** @default any free port */
  readonly uiPort?: number;
  /** The port of its metrics for Prometheus, under `/metrics`. @default none */
  readonly metricsPort?: number;
  /** Starts no web UI. @default false */
  readonly headless?: boolean;
  /** A file that outlives the server; its folder is created when needed. @default in memory, lost with the server */
  readonly database?: string | undefined;
  /** Created when needed, in addition to `default`. @default 'default' */
  readonly namespace?: string;
  readonly searchAttributes?: SearchAttributeTypes;
  /** Dynamic configuration of the server, such as `history.maximumSignalsPerExecution`. */
  readonly dynamicConfig?: Readonly<Record<string, number | boolean>>;
  /** Called with every line that the server writes. */
  readonly log?: (line: string) => void;
  /** Timeout of the start. @default 60000 */
  readonly startTimeoutMs?: number;
  /** Aborts the start; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface DevServer {
  /** `host:port` of its gRPC service. */
  readonly address: string;
  readonly namespace: string;
  /** Undefined when headless. */
  readonly uiUrl: string | undefined;
  readonly pid: number;
  /** Resolves when the server has ended, by {@link stop} or by itself. */
  readonly ended: Promise<ProcessEnd>;
  /** Stops the server, by force when it takes too long, and resolves when it has ended. May be called again. */
  stop(): Promise<void>;
}

const DEFAULT_START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;
/** How long a database may stay locked by a server whose owner is gone. */
const UNLOCK_TIMEOUT_MS = 15_000;
const PORT_ATTEMPTS = 5;
const UI_PORT_OFFSET = 1000;

/**
 * Starts a dev server and waits until it can be used.
 * @throws {DevServerStartError} when it ends or does not become healthy
 * @throws {DatabaseInUseError} when another server has the database open
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const database = options.database === undefined ? undefined : resolve(options.database);
  if (database !== undefined) {
    await mkdir(dirname(database), { recursive: true });
    await markUninitialized(database);
  }
  const unlockedUntil = Date.now() + UNLOCK_TIMEOUT_MS;
  for (let attempt = 1; ;) {
    try {
      return await startOnce(options, database);
    } catch (error) {
      if (!(error instanceof DevServerStartError)) throw error;
      if (database !== undefined && isLocked(error)) await waitForUnlock(database, unlockedUntil, options.signal);
      // The port was taken after it was chosen; the server picks some ports itself in the same way.
      else if (isPortTaken(error) && options.port === undefined && attempt < PORT_ATTEMPTS) attempt += 1;
      else throw error;
    }
  }
}

async function startOnce(options: DevServerOptions, database: string | undefined): Promise<DevServer> {
  const {
    binary,
    ip = '127.0.0.1',
    namespace = 'default',
    searchAttributes = {},
    dynamicConfig = {},
    signal,
  } = options;
  const { port, uiPort } = await choosePorts(options, ip);
  const host = ip === '0.0.0.0' ? '127.0.0.1' : ip;
  const address = `${host}:${port}`;

  const announcement = new RegExp(`\\bServer:\\s+\\S+:${port}\\b`);
  let announced = false;
  const { metricsPort } = options;
  const given = { ip, port, uiPort, metricsPort, database, namespace, searchAttributes, dynamicConfig };
  const group = new ProcessGroup(binary, serverArguments(given), {
    ...(database === undefined ? {} : { cwd: dirname(database) }),
    onLine: (line) => {
      announced ||= announcement.test(line);
      options.log?.(line);
    },
  });
  const stop = async (): Promise<void> => {
    await group.end(STOP_GRACE_MS);
    if (database !== undefined && group.pid !== undefined) await removeHolder(database, group.pid);
  };

  try {
    const timeoutMs = options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
    await waitUntilHealthy(group, { address, namespace, timeoutMs, announced: () => announced, signal });
    const pid = group.pid as number;
    if (database !== undefined) {
      await databaseIsReady(database);
      // The flags for search attributes have no effect on an existing database, and a running server may take a minute
      // to use those that are added.
      if (await registerSearchAttributes(address, namespace, searchAttributes)) {
        await stop();
        return await startOnce(options, database);
      }
      await writeHolder(database, { owner: process.pid, pid, address, since: new Date().toISOString() });
    }
    let stopped: Promise<void> | undefined;
    const uiUrl = uiPort === undefined ? undefined : `http://${host}:${uiPort}`;
    return { address, namespace, uiUrl, pid, ended: group.ended, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await group.end(STOP_GRACE_MS);
    throw error;
  }
}

async function registerSearchAttributes(
  address: string,
  namespace: string,
  types: SearchAttributeTypes,
): Promise<boolean> {
  const connection = await Connection.connect({ address });
  try {
    return await ensureSearchAttributes(connection, namespace, types);
  } finally {
    await connection.close();
  }
}

async function choosePorts(options: DevServerOptions, ip: string): Promise<{ port: number; uiPort?: number }> {
  const { preferredPort, headless = false } = options;
  const port = options.port ?? (await freePort(ip, preferredPort));
  if (headless) return { port };
  const preferredUiPort = preferredPort === undefined ? undefined : preferredPort + UI_PORT_OFFSET;
  return { port, uiPort: options.uiPort ?? (await freePort(ip, preferredUiPort)) };
}

function isLocked({ output }: DevServerStartError): boolean {
  return output.includes('SQLITE_BUSY') || output.includes('database is locked');
}

function isPortTaken({ output }: DevServerStartError): boolean {
  return output.includes('address already in use');
}

/** A server whose owner died releases the database within moments: wait only for that. */
async function waitForUnlock(database: string, until: number, signal: AbortSignal | undefined): Promise<void> {
  const holder = await readHolder(database);
  const ending = holder !== undefined && !isProcessAlive(holder.owner);
  if (!ending || Date.now() > until) throw new DatabaseInUseError(database, describeHolder(holder));
  await delay(250, undefined, signal === undefined ? {} : { signal });
}
