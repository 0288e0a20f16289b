/** Temporal's dev server on a database file, as people run it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startDevServer } from '../../../worker/temporal-server/dev-server.ts';
import { findTemporalBinary } from '../../../worker/temporal-server/find.ts';
import { freePort } from '../../../worker/temporal-server/ports.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../../worker/temporal-server/search-attributes.ts';
import { historyFigures } from '../history.ts';
import type { Backend, Counted } from './backend.ts';

const LARGEST_ANSWER = 128 * 1024 * 1024;

export async function temporal(): Promise<Backend> {
  const { path } = await findTemporalBinary({ report: (message) => process.stderr.write(`${message}\n`) });
  return {
    node: process.execPath,
    async start() {
      const folder = await mkdtemp(join(tmpdir(), 'keylane-bench-'));
      const metricsPort = await freePort('127.0.0.1');
      const server = await startDevServer({
        binary: path,
        database: join(folder, 'temporal.db'),
        headless: true,
        searchAttributes: KEYLANE_SEARCH_ATTRIBUTES,
        metricsPort,
      });
      return {
        address: server.address,
        pids: [server.pid],
        count: () => counted(metricsPort),
        async history() {
          // A page of history may be larger than what a client takes unless it is told otherwise.
          const channelArgs = { 'grpc.max_receive_message_length': LARGEST_ANSWER };
          const connection = await Connection.connect({ address: server.address, channelArgs });
          try {
            return await historyFigures(new Client({ connection }));
          } finally {
            await connection.close();
          }
        },
        async stop() {
          await server.stop();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

/** Of all services of the server. */
async function counted(port: number): Promise<Counted> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const sum = (metric: string, label = ''): number => {
    const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`) && line.includes(label));
    return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  };
  return {
    persistenceOperations: sum('persistence_requests'),
    heartbeats: sum('service_requests', 'operation="RecordActivityTaskHeartbeat",service_name="frontend"'),
  };
}
