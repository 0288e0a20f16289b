import { basename } from 'node:path';
import type { SearchAttributeTypes } from './search-attributes.ts';

export interface ServerArguments {
  readonly ip: string;
  readonly port: number;
  /** Undefined for no UI. */
  readonly uiPort: number | undefined;
  /** Undefined for no metrics. */
  readonly metricsPort: number | undefined;
  /** Undefined for a database in memory. */
  readonly database: string | undefined;
  readonly namespace: string;
  readonly searchAttributes: SearchAttributeTypes;
  readonly dynamicConfig: Readonly<Record<string, number | boolean>>;
}

/**
 * WAL with NORMAL loses nothing when the server is killed; a power cut may cost the last moments, never consistency.
 * EXCLUSIVE makes the kernel refuse a second server on the same file until the first one has ended in any way.
 */
const PRAGMAS = { journal_mode: 'WAL', synchronous: 'NORMAL', locking_mode: 'EXCLUSIVE' };

const UNLIMITED = 1_000_000;

/** Limits that protect shared clusters, and are not needed on a single machine. */
export const RATE_LIMITS: Readonly<Record<string, number>> = {
  // Requests per second by caller and by service: 1,200 to 3,000 by default, less than a bridge that catches up sends.
  'frontend.rps': UNLIMITED,
  'frontend.namespaceRPS': UNLIMITED,
  'history.rps': UNLIMITED,
  'matching.rps': UNLIMITED,
  // Listing and counting workflows: 100 in a dev server, which a status page and tests that poll soon exceed.
  'frontend.namespaceRPS.visibility': UNLIMITED,
  // Database operations per second by service: there is one database, which limits its own rate.
  'frontend.persistenceMaxQPS': UNLIMITED,
  'history.persistenceMaxQPS': UNLIMITED,
  'matching.persistenceMaxQPS': UNLIMITED,
};

/** Settings of the server for one process on one machine. */
const DYNAMIC_CONFIG: Readonly<Record<string, number | boolean>> = {
  ...RATE_LIMITS,
  // One partition a task queue instead of four: they spread load over hosts, and there is one host.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  // A worker gets the activity that its workflow task has just scheduled in the same answer, without another poll: the
  // default from server 1.32 on.
  'system.enableActivityEagerExecution': true,
  // A dev server reads the list of search attributes from its database whenever a workflow has some: a dozen times for
  // each start. Keylane's exist from the start; one that is added later is known within a minute.
  'system.forceSearchAttributesCacheRefreshOnRead': false,
};

/**
 * The command line of a dev server. The database is named without its folder, which must be the working directory: the
 * server puts the name into a URI, where a folder with `%` or `?` in its name would be misread.
 */
export function serverArguments(options: ServerArguments): string[] {
  const { ip, port, uiPort, metricsPort, database, namespace, searchAttributes, dynamicConfig } = options;
  const where = ['--ip', ip, '--port', String(port), '--namespace', namespace];
  return ['server', 'start-dev'].concat(
    where,
    uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)],
    metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)],
    database === undefined ? [] : ['--db-filename', basename(database), ...pairs('--sqlite-pragma', PRAGMAS)],
    pairs('--dynamic-config-value', { ...DYNAMIC_CONFIG, ...dynamicConfig }),
    pairs('--search-attribute', searchAttributes),
  );
}

function pairs(flag: string, values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}
