/** What the gateway puts on a real Temporal server. No worker runs: the lanes take nothing away. */
import { getEventListeners } from 'node:events';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recoverQuarantine } from '../../../../activities/quarantine/recover-quarantine.ts';
import { systemClock } from '../../../../lib/node/clock.ts';
import { DeliveryRejectedError, PressureError, RequestTooLargeError } from '../../../../bridge/deliver/gateway.ts';
import { HistoryBudget } from '../../../../bridge/temporal/history-budget.ts';
import { OutageLog } from '../../../../bridge/deliver/outage-log.ts';
import { RecentMap } from '../../../../lib/pure/recent-map.ts';
import { TemporalGateway } from '../../../../bridge/temporal/temporal-gateway.ts';
import { ThrottleLog } from '../../../../bridge/deliver/throttle-log.ts';
import { laneWorkflowId } from '../../../../contracts/lane/id.ts';
import { DEFAULT_LANE_OPTIONS } from '../../../../contracts/lane/options.ts';
import { DEFAULT_QUARANTINE_LIMITS } from '../../../../contracts/quarantine/options.ts';
import { DEFAULT_HISTORY_LIMITS } from '../../../../contracts/pipeline/history-limits.ts';
import { retryInterceptor } from '../../../../temporal/retries.ts';
import { devServer } from '../../../support/dev-server.ts';

const pipeline = `gateway-${randomUUID().slice(0, 8)}`;
const never = new AbortController().signal;
let client: Client;

beforeAll(async () => {
  const { address, namespace } = devServer();
  client = new Client({
    connection: await Connection.connect({ address, interceptors: [retryInterceptor] }),
    namespace,
  });
});

afterAll(async () => {
  for await (const { workflowId } of client.workflow.list({
    query: `KeylanePipeline = "${pipeline}" AND ExecutionStatus = "Running"`,
  })) {
    await client.workflow.getHandle(workflowId).terminate();
  }
  await client.connection.close();
});

function gate() {
  let letGo: () => void = () => {};
  const opened = new Promise<void>((resolve) => (letGo = resolve));
  return { opened, open: () => letGo() };
}

function open(given = client, requestTimeoutMs = 5000, limits = DEFAULT_HISTORY_LIMITS, Budget = HistoryBudget) {
  const lines: { level: number; msg: string; [field: string]: unknown }[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const outage = new OutageLog(log, 'Temporal');
  const historyBudget = new Budget({ limits, log, clock: systemClock });
  const gateway = new TemporalGateway({
    client: given,
    pipeline,
    taskQueue: 'nobody-listens',
    lane: DEFAULT_LANE_OPTIONS,
    requestTimeoutMs,
    outage,
    throttling: new ThrottleLog(log),
    historyBudget,
    runs: new RecentMap(),
    log,
    clock: systemClock,
  });
  return { gateway, lines, historyBudget };
}

function lane(key: string, numbers: readonly number[], text = 'x') {
  const events = numbers.map((n) => ({
    position: { shardId: 'shard-0', sequenceNumber: String(n) },
    arrivedAt: n,
    data: { text },
    size: text.length,
    source: 'kinesis' as const,
  }));
  return { to: 'lane', key, events, leaseUntil: 42, attempt: 1 } as const;
}

function read(payloads: readonly { data?: Uint8Array | null }[] | null | undefined): unknown[] {
  return (payloads ?? []).map(({ data }) => JSON.parse(new TextDecoder().decode(data ?? undefined)));
}

/** What a workflow was started with and what it was sent. */
async function received(workflowId: string) {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return {
    input: read(events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads),
    signals: (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
      signal ? [{ name: signal.signalName, args: read(signal.input?.payloads) }] : [],
    ),
  };
}

test('a lane begins with its key in sight, and gets every request as one signal', async () => {
  const { gateway, lines } = open();
  await gateway.send(lane('order-1', [1, 2]), never);
  await gateway.send(lane('order-1', [3]), never);
  const { input, signals } = await received(`${pipeline}:order-1`);
  expect(input).toEqual([{ version: 1, pipeline, key: 'order-1', options: DEFAULT_LANE_OPTIONS }]);
  expect(signals).toMatchObject([
    { name: 'records', args: [{ leaseUntil: 42, events: [{ position: { sequenceNumber: '1' } }, {}] }] },
    { name: 'records', args: [{ leaseUntil: 42, events: [{ position: { sequenceNumber: '3' } }] }] },
  ]);
  const description = await client.workflow.getHandle(`${pipeline}:order-1`).describe();
  expect(description).toMatchObject({ type: 'lane', taskQueue: 'nobody-listens', memo: { key: 'order-1' } });
  expect(await description.staticSummary()).toBe('order-1');
  const attributes = description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
  expect(Object.fromEntries(attributes)).toEqual({
    KeylanePipeline: pipeline,
    KeylaneKey: 'order-1',
    KeylaneStatus: 'healthy',
  });
  expect(lines).toEqual([]);
});

test.each([
  ['long', 'ä'.repeat(600), /^`ä{100,}…`$/],
  ['with what cannot be stored', 'a\u0000b\ud800', undefined],
  ['with a character on the cut', `x${'😀'.repeat(300)}`, /^`x(😀){50,}…`$/u],
])('a key that is %s has a lane, whole in its memo', async (_what, key, summary) => {
  await open().gateway.send(lane(key, [1]), never);
  const description = await client.workflow.getHandle(laneWorkflowId(pipeline, key)).describe();
  expect(description.memo).toEqual({ key });
  if (summary !== undefined) expect(await description.staticSummary()).toMatch(summary);
});

test('O8: records without a key go to the quarantine of the pipeline', async () => {
  const record = {
    position: { shardId: 'shard-0', sequenceNumber: '7' },
    arrivedAt: 7,
    data: { text: 'x' },
    size: 1,
    reason: 'The key function returned undefined',
  };
  await open().gateway.send({ to: 'quarantine', records: [record], leaseUntil: 42, attempt: 1 }, never);
  expect(await received(`${pipeline}/quarantine`)).toEqual({
    input: [
      { version: 1, pipeline, signalsPerRun: DEFAULT_LANE_OPTIONS.signalsPerRun, limits: DEFAULT_QUARANTINE_LIMITS },
    ],
    signals: [{ name: 'records', args: [{ leaseUntil: 42, records: [record] }] }],
  });
});

test('O5: a quarantine that was terminated externally is begun anew with the run that it has to take over from', async () => {
  const workflowId = `${pipeline}/quarantine`;
  const record = { position: { shardId: 'shard-0', sequenceNumber: '8' }, arrivedAt: 8, data: { text: 'x' }, size: 1 };
  const request = { to: 'quarantine', leaseUntil: 42, attempt: 1 } as const;
  const { gateway } = open();
  await gateway.send({ ...request, records: [{ ...record, reason: 'no key' }] }, never);
  await recoverQuarantine(client, pipeline, gateway, never);
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  await client.workflow.getHandle(workflowId).terminate('by mistake');
  await recoverQuarantine(client, pipeline, gateway, never);
  await recoverQuarantine(client, pipeline, gateway, never);
  expect(await received(workflowId)).toMatchObject({
    input: [{ pipeline, predecessor: { runId, how: 'TERMINATED' } }],
    signals: [{ name: 'records', args: [{ records: [] }] }],
  });
});

test.each([2_200_000, 4_400_000])(
  'O9: a record of %i bytes is refused, and is sent without its data; the log says which (fault B1)',
  async (bytes) => {
    const { gateway, lines } = open();
    const sent = gateway.send(lane('large', [5], 'x'.repeat(bytes)), never);
    await expect(sent).rejects.toThrow(RequestTooLargeError);
    expect(lines).toMatchObject([{ level: 50, key: 'large', position: 'shard-0:5' }]);
    expect(lines[0]?.msg).toMatch(/^Record shard-0:5 \(\d+ bytes\) for key "large" is larger than Temporal accepts/);
    expect(lines[0]?.msg).toContain('is sent without its data');
  },
);

test('O4 O9: a record that is too large and was replaced is refused for a while: the source has other data', async () => {
  const { gateway, lines } = open();
  const request = lane('large', [5], 'x'.repeat(2_200_000));
  const events = request.events.map((event) => ({ ...event, replaced: 1 }));
  const sent = gateway.send({ ...request, events }, never);
  await expect(sent).rejects.toThrow(DeliveryRejectedError);
  await expect(sent).rejects.toMatchObject({ retryAfterMs: 60_000 });
  expect(lines).toMatchObject([{ level: 50, key: 'large', position: 'shard-0:5' }]);
});

test('O9: records that are too large together are not told, they are sent in smaller parts', async () => {
  const { gateway, lines } = open();
  await expect(gateway.send(lane('parts', [1, 2], 'x'.repeat(1_100_000)), never)).rejects.toThrow(RequestTooLargeError);
  await gateway.send(lane('parts', [1], 'x'.repeat(1_100_000)), never);
  expect(lines).toEqual([]);
});

test('O6: nothing is sent any more after a stop, also when the answer to a question came just before', async () => {
  const answered = gate();
  class SlowRoom extends HistoryBudget {
    override async admit(): Promise<void> {
      await answered.opened;
    }
  }
  const { gateway } = open(client, 5000, DEFAULT_HISTORY_LIMITS, SlowRoom);
  const controller = new AbortController();
  const sent = gateway.send(lane('order-7', [1]), controller.signal);
  controller.abort(new Error('the reader has stopped'));
  await expect(sent).rejects.toThrow('the reader has stopped');
  answered.open();
  // The order of requests on one connection: what left before this one has arrived when this one is answered.
  await open().gateway.send(lane('order-8', [1]), never);
  await expect(client.workflow.getHandle(`${pipeline}:order-7`).describe()).rejects.toThrow(WorkflowNotFoundError);
});

test('O4: a lane that has a run is sent signals, and one whose run was replaced is begun or found anew', async () => {
  const methods: string[] = [];
  const { address, namespace } = devServer();
  const noting: typeof retryInterceptor = (options, nextCall) => {
    methods.push(options.method_definition.path.split('/').at(-1)!);
    return retryInterceptor(options, nextCall);
  };
  const connection = await Connection.connect({ address, interceptors: [noting] });
  const { gateway } = open(new Client({ connection, namespace }));
  const id = `${pipeline}:order-9`;
  const send = async (n: number) => {
    methods.length = 0;
    await gateway.send(lane('order-9', [n]), never);
    return methods.filter((method) => method.startsWith('Signal'));
  };
  expect(await send(1)).toEqual(['SignalWithStartWorkflowExecution']);
  expect(await send(2)).toEqual(['SignalWorkflowExecution']);
  const { runId } = await client.workflow.getHandle(id).describe();
  await client.workflow.getHandle(id).terminate();
  // O5: what the ended run held is not forgotten for it.
  expect(await send(3)).toEqual([
    'SignalWorkflowExecution',
    'SignalWithStartWorkflowExecution',
    'SignalWithStartWorkflowExecution',
  ]);
  expect(await received(id)).toMatchObject({
    input: [{ predecessor: { runId, how: 'TERMINATED' } }],
    signals: [{ args: [{ events: [{ position: { sequenceNumber: '3' } }] }] }],
  });
  // Another process, or a person, has begun a run of which this gateway knows nothing.
  await client.workflow.getHandle(id).terminate();
  await open().gateway.send(lane('order-9', [4]), never);
  expect(await send(5)).toEqual(['SignalWorkflowExecution', 'SignalWithStartWorkflowExecution']);
  expect(await send(6)).toEqual(['SignalWorkflowExecution']);
  const { signals } = await received(id);
  expect(signals).toMatchObject(
    ['4', '5', '6'].map((sequenceNumber) => ({ args: [{ events: [{ position: { sequenceNumber } }] }] })),
  );
  await connection.close();
});

test('a broken connection is told once, and leaves no listener behind', async () => {
  const address = `127.0.0.1:${await closedPort()}`;
  const away = new Client({ connection: Connection.lazy({ address }) });
  const { gateway, lines } = open(away, 300);
  const { signal } = new AbortController();
  for (const n of [1, 2]) await expect(gateway.send(lane('order-2', [n]), signal)).rejects.toThrow(PressureError);
  expect(lines.map(({ msg }) => msg)).toEqual(['Cannot reach Temporal, retrying']);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  await away.connection.close();
});

test('a request is given up when the reader stops, and that is no outage', async () => {
  const address = `127.0.0.1:${await closedPort()}`;
  const away = new Client({ connection: Connection.lazy({ address }) });
  const { gateway, lines } = open(away, 60_000);
  const controller = new AbortController();
  const sent = gateway.send(lane('order-3', [1]), controller.signal);
  controller.abort(new Error('the reader has stopped'));
  await expect(sent).rejects.toThrow('the reader has stopped');
  await expect(gateway.send(lane('order-3', [1]), controller.signal)).rejects.toThrow('the reader has stopped');
  expect(lines).toEqual([]);
  await away.connection.close();
});

test('O9: a lane that nobody works off is full at its limit, and another bridge process knows it at once', async () => {
  const max = { events: 30, bytes: 100_000 };
  const [one, another] = [
    open(client, 5000, { stalled: max, active: max }),
    open(client, 5000, { stalled: max, active: max }),
  ];
  let n = 0;
  const untilRefused = async (): Promise<unknown> => {
    for (n = 1; n <= 100; n += 1) await one.gateway.send(lane('order-4', [n]), never);
    return undefined;
  };
  const error = await untilRefused().catch((refused: unknown) => refused);
  expect(error).toBeInstanceOf(DeliveryRejectedError);
  expect(error).toMatchObject({ message: expect.stringMatching(/^History budget of key "order-4" reached/) });
  expect(one.historyBudget.full).toBe(1);
  await expect(another.gateway.send(lane('order-4', [n]), never)).rejects.toThrow(DeliveryRejectedError);
  // Another key is no affair of it.
  await one.gateway.send(lane('order-5', [1]), never);
  const { signals } = await received(`${pipeline}:order-4`);
  expect(signals.length).toBe(n - 1);
  expect(n).toBeLessThan(35);
});

test('a namespace that is not there is an outage, and concerns all', async () => {
  const elsewhere = new Client({ connection: client.connection, namespace: 'not-there' });
  const { gateway, lines } = open(elsewhere);
  await expect(gateway.send(lane('order-6', [1]), never)).rejects.toMatchObject({ name: 'PressureError' });
  expect(lines.map(({ msg }) => msg)).toEqual(['Cannot reach Temporal, retrying']);
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
