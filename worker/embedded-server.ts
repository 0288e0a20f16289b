import type { Logger } from 'pino';
import type { Closers } from '../lib/node/closers.ts';
import { startDevServer, type DevServer } from './temporal-server/dev-server.ts';
import { findTemporalBinary } from './temporal-server/find.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from './temporal-server/search-attributes.ts';

export interface EmbeddedServerOptions {
  /** A file that survives restarts; in memory when undefined. */
  readonly database: string | undefined;
  /** Created when it does not exist; the server's default namespace when undefined. */
  readonly namespace: string | undefined;
  readonly log: Logger;
  /** Called with messages about what takes time, and why. */
  readonly report: (message: string) => void;
  readonly signal: AbortSignal;
}

const USUAL_PORT = 7233;

/** Finds or installs a Temporal dev server and starts it, with its UI. */
export async function startEmbeddedServer(
  { database, namespace, log, report, signal }: EmbeddedServerOptions,
  closers: Closers,
): Promise<DevServer> {
  const binary = await findTemporalBinary({ report, signal });
  const server = await startDevServer({
    binary: binary.path,
    database,
    ...(namespace === undefined ? {} : { namespace }),
    preferredPort: USUAL_PORT,
    searchAttributes: KEYLANE_SEARCH_ATTRIBUTES,
    log: (line) => log.debug({ part: 'temporal-server' }, line),
    signal,
  });
  closers.add('Temporal dev server', () => server.stop());
  log.info(
    { address: server.address, namespace: server.namespace, ui: server.uiUrl, database: database ?? 'in memory' },
    'Temporal dev server started',
  );
  return server;
}
