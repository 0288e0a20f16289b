/**
 * An embedded Temporal dev server: a `temporal server start-dev` of our own.
 *
 * Owns the server's process and the note about who holds its database. Invariants: a server that was handed out is
 * healthy and knows its search attributes; one that failed to start leaves no process; one database is open in one
 * server; the server outlives this process in no case, and ends only after we say so while this process lives.
 */
import { Connection } from '@temporalio/client';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { serverArguments } from './arguments.ts';
import { markUninitialized, databaseIsReady } from './database-birth.ts';
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
  /** The gRPC port if it is free, else any; the UI's is to be this plus 1000. Not together with `port`. */
  readonly preferredPort?: number;
  /** @default any free port */
  readonly uiPort?: number;
  /** Where it serves metrics for Prometheus, under `/metrics`. @default nowhere */
  readonly metricsPort?: number;
  /** Leaves the web UI out. @default false */
  readonly headless?: boolean;
  /** A file that outlives the server; its folder is made when needed. @default in memory, gone with the server */
  readonly database?: string | undefined;
  /** Created when needed, beside `default`. @default 'default' */
  readonly namespace?: string;
  readonly searchAttributes?: SearchAttributeTypes;
  /** Settings of the server by their keys, such as `history.maximumSignalsPerExecution`. */
  readonly dynamicConfig?: Readonly<Record<string, number | boolean>>;
  /** Gets every line that the server writes. */
  readonly log?: (line: string) => void;
  /** How long the start may take. @default 60000 */
  readonly startTimeoutMs?: number;
  /** Gives up the start; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface DevServer {
  /** `host:port` of its gRPC service. */
  readonly address: string;
  readonly namespace: string;
  /** Undefined when headless. */
  readonly uiUrl: string | undefined;
  readonly pid: number;
  /** Resolves when it has ended, by {@link stop} or by itself. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends it, by force when it takes too long, and resolves when it is gone. May be called again. */
  stop(): Promise<void>;
}

const DEFAULT_START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;
/** How long a database may stay locked by a server whose owner is gone. */
const HANDOVER_MS = 15_000;
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
  const handoverUntil = Date.now() + HANDOVER_MS;
  for (let attempt = 1; ;) {
    try {
      return await startOnce(options, database);
    } catch (error) {
      if (!(error instanceof DevServerStartError)) throw error;
      if (database !== undefined && isLocked(error)) await waitForHandover(database, handoverUntil, options.signal);
      // A port that was free a moment ago; the server picks some for itself in the same way.
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
      // The flags for them have no effect on a database that has been used before, and a server that runs may take a minute
      // to make use of what is added.
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

/** A server whose owner died lets go of the database within moments: wait for that, and for nothing else. */
async function waitForHandover(database: string, until: number, signal: AbortSignal | undefined): Promise<void> {
  const holder = await readHolder(database);
  const ending = holder !== undefined && !isProcessAlive(holder.owner);
  if (!ending || Date.now() > until) throw new DatabaseInUseError(database, describeHolder(holder));
  await delay(250, undefined, signal === undefined ? {} : { signal });
}
