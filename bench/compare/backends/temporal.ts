/** Temporal's dev server on a database file, as people run it. */
import { join } from 'node:path';
import { startDevServer } from '../../../worker/temporal-server/dev-server.ts';
import { findTemporalBinary } from '../../../worker/temporal-server/find.ts';
import { freePort } from '../../../worker/temporal-server/ports.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../../worker/temporal-server/search-attributes.ts';
import type { Backend } from './backend.ts';
import { runTemporal } from './running-temporal.ts';

export async function temporal(): Promise<Backend> {
  const { path } = await findTemporalBinary({ report: (message) => process.stderr.write(`${message}\n`) });
  return {
    node: process.execPath,
    start: async () =>
      await runTemporal(async (folder, undo) => {
        const metricsPort = await freePort('127.0.0.1');
        const server = await startDevServer({
          binary: path,
          database: join(folder, 'temporal.db'),
          headless: true,
          searchAttributes: KEYLANE_SEARCH_ATTRIBUTES,
          metricsPort,
        });
        undo.add(async () => await server.stop());
        return { address: server.address, pids: [server.pid], metricsPort };
      }),
  };
}
