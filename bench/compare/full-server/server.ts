/** Temporal's server with all of its services in one process, configured by what is built into it. */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { RATE_LIMITS } from '../../../worker/temporal-server/arguments.ts';
import { waitUntilHealthy } from '../../../worker/temporal-server/health.ts';
import { freePort } from '../../../worker/temporal-server/ports.ts';
import { ProcessGroup } from '../../../worker/temporal-server/process-group.ts';
import { runCommand } from '../../../worker/temporal-server/run-command.ts';
import {
  ensureSearchAttributes,
  KEYLANE_SEARCH_ATTRIBUTES,
} from '../../../worker/temporal-server/search-attributes.ts';
import type { Undo } from '../backends/undo.ts';
import type { ServerBinaries } from './binaries.ts';
import { POSTGRES_USER } from './postgres.ts';

/** The server's default; it is for the life of a database. */
export const HISTORY_SHARDS = 4;

const HOST = '127.0.0.1';
const NAMESPACE = 'default';
/** There when the server is ready, before anybody has made one. */
const SYSTEM_NAMESPACE = 'temporal-system';
const RETENTION_MS = 24 * 60 * 60_000;
const PLUGIN = 'postgres12';
/** The names that the server knows them by. */
const DATABASES = { temporal: 'temporal', visibility: 'temporal_visibility' };
const START_MS = 60_000;
/** Each service looks for changes of namespaces every two seconds: `system.namespaceCacheRefreshInterval`. */
const NEWS_MS = 5000;
/** The server keeps ports of its own in columns of two bytes with a sign. */
const PORT_RANGE = [10_000, 2 ** 15] as const;
const PORTS = [
  'FRONTEND_GRPC_PORT',
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

export interface RunningServer {
  readonly address: string;
  readonly pid: number;
  readonly metricsPort: number;
}

/** Creates the tables of the server in an empty PostgreSQL. */
export async function createSchema(sqlTool: string, databasePort: number): Promise<void> {
  const where = ['--plugin', PLUGIN, '--endpoint', HOST, '--port', String(databasePort), '--user', POSTGRES_USER];
  for (const [schema, database] of Object.entries(DATABASES)) {
    const run = async (...args: string[]): Promise<unknown> =>
      await runCommand(sqlTool, [...where, '--database', database, ...args], {});
    await run('create-database');
    await run('setup-schema', '--version', '0.0');
    await run('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

/** On a PostgreSQL with its tables; resolves when Keylane can use its namespace. */
export async function startServer(
  { server }: ServerBinaries,
  databasePort: number,
  folder: string,
  undo: Undo,
): Promise<RunningServer> {
  const [metricsPort, ...ports] = await freePorts(1 + PORTS.length);
  const dynamicConfig = join(folder, 'dynamic-config.yaml');
  // JSON is YAML.
  const settings = Object.entries(RATE_LIMITS).map(([name, value]) => [name, [{ value }]] as const);
  await writeFile(dynamicConfig, JSON.stringify(Object.fromEntries(settings)));
  const env = {
    // Nothing else of ours: what the server reads has names as common as DB.
    PATH: process.env['PATH'],
    DB: PLUGIN,
    POSTGRES_SEEDS: HOST,
    DB_PORT: String(databasePort),
    POSTGRES_USER,
    DBNAME: DATABASES.temporal,
    VISIBILITY_DBNAME: DATABASES.visibility,
    NUM_HISTORY_SHARDS: String(HISTORY_SHARDS),
    DYNAMIC_CONFIG_FILE_PATH: dynamicConfig,
    PROMETHEUS_ENDPOINT: `${HOST}:${metricsPort}`,
    LOG_LEVEL: 'warn',
    ...Object.fromEntries(PORTS.map((name, index) => [name, String(ports[index])])),
  };
  const group = new ProcessGroup(server, ['start'], { cwd: folder, env });
  // It has nothing that it would have to save.
  undo.add(async () => void (await group.end(0)));
  const address = `${HOST}:${ports[0]}`;
  const health = { address, timeoutMs: START_MS, announced: () => true, signal: undefined };
  await waitUntilHealthy(group, { ...health, namespace: SYSTEM_NAMESPACE });
  await createNamespace(address);
  return { address, pid: group.pid as number, metricsPort: metricsPort as number };
}

async function createNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const workflowExecutionRetentionPeriod = msToTs(RETENTION_MS);
    await connection.workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod });
    await ensureSearchAttributes(connection, NAMESPACE, KEYLANE_SEARCH_ATTRIBUTES);
    await delay(NEWS_MS);
  } finally {
    await connection.close();
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = await freePort(HOST, randomInt(...PORT_RANGE));
    if (port < PORT_RANGE[1]) ports.add(port);
  }
  return [...ports];
}
