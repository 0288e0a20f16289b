/** A full Temporal server on PostgreSQL, as in production but for its size: one process of each. */
import { findServerBinaries, SERVER_VERSION } from '../full-server/binaries.ts';
import { findPostgres, startPostgres } from '../full-server/postgres.ts';
import { createSchema, HISTORY_SHARDS, startServer } from '../full-server/server.ts';
import type { Backend } from './backend.ts';
import { runTemporal } from './running-temporal.ts';

export async function postgres(): Promise<Backend> {
  const database = await findPostgres();
  const binaries = await findServerBinaries();
  return {
    node: process.execPath,
    about: `A full Temporal server ${SERVER_VERSION} in one process, ${HISTORY_SHARDS} history shards, on ${database.about}.`,
    start: async () =>
      await runTemporal(async (folder, undo) => {
        const { port, pid } = await startPostgres(database, folder, undo);
        await createSchema(binaries.sqlTool, port);
        const server = await startServer(binaries, port, folder, undo);
        return { address: server.address, pids: [server.pid, pid], metricsPort: server.metricsPort };
      }),
  };
}
