import type { Logger } from 'pino';
import type { Closers } from '../lib/node/closers.ts';
import { startDevServer, type DevServer } from './temporal-server/dev-server.ts';
import { findTemporalBinary } from './temporal-server/find.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from './temporal-server/search-attributes.ts';

export interface EmbeddedServerOptions {
  /** A file that is kept between runs; in memory when undefined. */
  readonly database: string | undefined;
  /** Made when it is not there yet; the server's default one when undefined. */
  readonly namespace: string | undefined;
  readonly log: Logger;
  /** Told what takes time, and why. */
  readonly report: (message: string) => void;
  readonly signal: AbortSignal;
}

const USUAL_PORT = 7233;

/** Finds or gets a Temporal dev server and starts it, with its UI. */
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
    'Temporal dev server runs',
  );
  return server;
}
