/** One signal and one activity for each event, as Temporal's documentation would have it. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { LoadEvent } from '../load.ts';
import type { Contender } from './contender.ts';
import { eventSignal, type PlainActivities } from './plain-workflow.ts';
import { readInOrder } from './read-in-order.ts';

const TASK_QUEUE = 'bench';

export const plain: Contender = async ({ stream, book, address, signal }) => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const native = await NativeConnection.connect({ address });
  const activities: PlainActivities = { handle: async (event) => await book.handle(event) };
  const worker = await Worker.create({
    connection: native,
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('plain-workflow.js', import.meta.url)),
    activities: { ...activities },
    shutdownForceTime: '5 seconds',
  });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const send = async (event: LoadEvent) =>
    void (await client.workflow.signalWithStart('plain', {
      workflowId: `plain:${event.key}`,
      taskQueue: TASK_QUEUE,
      signal: eventSignal,
      signalArgs: [event],
    }));
  await worker.runUntil(readInOrder({ stream, book, send, signal }));
  await connection.close();
  await native.close();
};
