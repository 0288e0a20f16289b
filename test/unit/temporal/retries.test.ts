/** Against a server that speaks gRPC and throttles everything. */
import { once } from 'node:events';
import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { triedOnce } from '../../../temporal/tried-once.ts';
import { connectClient } from '../../../temporal/connection.ts';

const CANCELED = 1;
const THROTTLED = 8;
const UNIMPLEMENTED = 12;

let server: Http2Server;
/** Names of the methods that were called. */
let calls: string[];

beforeEach(async () => {
  calls = [];
  server = createServer().on('stream', (stream, { ':path': path = '' }) => {
    const method = path.split('/').at(-1) ?? '';
    calls.push(method);
    const status = method === 'GetSystemInfo' ? UNIMPLEMENTED : THROTTLED;
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status) },
      { endStream: true },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

async function connect() {
  const { port } = server.address() as AddressInfo;
  const temporal = { address: `127.0.0.1:${port}`, namespace: undefined, taskQueue: 'keylane' };
  const client = await connectClient(temporal, { timeoutMs: 5000, env: { HOME: '/nonexistent' } });
  calls = [];
  return client;
}

test('O3 O9: what belongs to handing records over is asked once, questions and signals', async () => {
  const client = await connect();
  const describe = triedOnce(async () => await client.workflow.getHandle('orders:a').describe());
  await expect(describe).rejects.toMatchObject({ cause: { code: THROTTLED } });
  const start = { taskQueue: 'keylane', workflowId: 'orders:a', signal: 'records' };
  await expect(triedOnce(async () => await client.workflow.signalWithStart('lane', start))).rejects.toMatchObject({
    cause: { code: THROTTLED },
  });
  expect(calls).toEqual(['DescribeWorkflowExecution', 'SignalWithStartWorkflowExecution']);
  await client.connection.close();
});

test('everything else is repeated', async () => {
  const client = await connect();
  const describe = client.workflow.getHandle('orders:a').describe();
  describe.catch(() => {});
  await expect.poll(() => calls.length, { timeout: 10_000 }).toBeGreaterThan(1);
  await client.connection.close();
});

test('a call that waits to be repeated ends when its connection is closed, and throws nowhere else', async () => {
  const client = await connect();
  const described = client.workflow.getHandle('orders:a').describe();
  const ended = expect(described).rejects.toMatchObject({ cause: { code: CANCELED } });
  await expect.poll(() => calls.length).toBe(1);
  await client.connection.close();
  await ended;
});
