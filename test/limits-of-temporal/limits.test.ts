/**
 * What a plain workflow does at each limit of the server: the reasons for much of Keylane. Where a limit is scaled down,
 * the title has the real one in parentheses. docs/plain-workflow.md tells the same to readers.
 */
import { setMaxListeners } from 'node:events';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { Context } from '@temporalio/activity';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startDevServer, type DevServer } from '../../worker/temporal-server/dev-server.ts';
import { devServer } from '../support/dev-server.ts';
import { eventually } from '../support/eventually.ts';
import { PlainHost, refusal, silenceSdk } from './plain-queue.ts';
import { skipSignal, skipUpdate, type PlainEvent } from './plain-workflow.ts';
import { said, WORDS } from './words.ts';

const { CommandType, WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;
const MIB = 1024 * 1024;
const MAX_EVENTS = 150;
const MAX_SIGNALS = 120;
const MAX_UPDATES = 20;
const RETENTION_S = 1;

let server: DevServer;
let host: PlainHost;

beforeAll(async () => {
  silenceSdk();
  server = await startDevServer({
    binary: devServer().binary,
    headless: true,
    dynamicConfig: {
      'limit.historyCount.error': MAX_EVENTS,
      'history.maximumSignalsPerExecution': MAX_SIGNALS,
      'history.maxTotalUpdates': MAX_UPDATES,
      'system.namespaceMinRetentionLocal': RETENTION_S,
      'history.retentionTimerJitterDuration': 0,
    },
  });
  host = await PlainHost.connect(server.address, server.namespace);
});
afterEach(async () => {
  await host.stopWorkers();
});
afterAll(async () => {
  await host.close();
  await server.stop();
});

test('50 MiB of history: while no worker runs, one signal more ends the run, and the next one begins a new one', async () => {
  const queue = host.queue();
  const full = await queue.sendMany(27, 1.9 * MIB);
  expect(await queue.status()).toBe('RUNNING');
  expect(await refusal(queue.send())).toMatch(said(WORDS.historySizeRefused));
  const { workflowExecutionTerminatedEventAttributes: end } = await queue.lastEvent(full);
  expect(end?.reason).toMatch(said(WORDS.historySize));
  // Nothing in the answer tells that 27 events lie in a closed run.
  expect(await queue.send()).not.toBe(full);
});

test('150 events of history (51,200): ends a queue that works', async () => {
  const queue = host.queue();
  const handled = ledger();
  const full = await queue.sendMany(30);
  await queue.startWorker(handled.note);
  await eventually(async () => (await queue.status(full)) === 'TERMINATED');
  const { workflowExecutionTerminatedEventAttributes: end } = await queue.lastEvent(full);
  expect(end?.reason).toMatch(said(WORDS.historyCount));
  // With 6 events of history for each, and the signal.
  expect(handled.numbers.length).toBeLessThan(25);
  expect(await queue.send()).not.toBe(full);
  await eventually(() => handled.numbers.at(-1) === 31);
  expect(handled.numbers).not.toContain(30);
});

test("120 signals in a run (10,000): the next is refused, an operator's too", async () => {
  const queue = host.queue();
  const run = await queue.sendMany(MAX_SIGNALS);
  expect(await refusal(queue.send())).toMatch(said(WORDS.signals));
  expect(await refusal(queue.handle.signal(skipSignal))).toMatch(said(WORDS.signals));
  expect(await queue.status(run)).toBe('RUNNING');
});

test('8 MiB of mutable state: five activities at a time with 1.9 MiB of progress each', async () => {
  const queue = host.queue('allAtOnce');
  const run = await queue.sendMany(5);
  await queue.startWorker(async () => {
    Context.current().heartbeat('x'.repeat(1.9 * MIB));
    await Context.current().cancelled;
  });
  await eventually(async () => (await queue.status(run)) === 'TERMINATED');
  const { workflowExecutionTerminatedEventAttributes: end } = await queue.lastEvent(run);
  expect(end?.reason).toMatch(said(WORDS.mutableStateSize));
});

test('101 signals while a workflow task is being worked on: the task fails, and what it did is not recorded', async () => {
  const queue = host.queue('oneByOneLocally');
  const handled = ledger();
  const release: (() => void)[] = [];
  let isOpen = false;
  await queue.startWorker(async (events) => {
    await handled.note(events);
    if (!isOpen) await new Promise<void>((resolve) => release.push(resolve));
  });
  await queue.send();
  await eventually(() => handled.numbers.length === 1);
  await Promise.all(Array.from({ length: 101 }, () => queue.send()));
  const failed = await eventually(async () => (await queue.find('EVENT_TYPE_WORKFLOW_TASK_FAILED')) ?? false);
  const cause = failed.workflowTaskFailedEventAttributes?.cause;
  expect(WorkflowTaskFailedCause[cause ?? 0]).toMatch(said(WORDS.bufferedEvents));
  release[0]?.();
  // The worker goes on, since it has in memory that the first one is done. Nobody else knows.
  await eventually(() => handled.numbers.length === 2);
  expect(await queue.find('EVENT_TYPE_MARKER_RECORDED')).toBeUndefined();
  isOpen = true;
  release[1]?.();
});

test('2 MiB in one payload: the signal is refused', async () => {
  const queue = host.queue();
  await queue.send();
  expect(await refusal(queue.send(2 * MIB))).toMatch(said(WORDS.payload));
});

test('2 MiB in one payload: a worker that would send more fails its task, and again, and again', async () => {
  const queue = host.queue('together');
  const handled = ledger();
  await queue.sendMany(2, 1.2 * MIB);
  await queue.startWorker(handled.note);
  const failed = await eventually(async () => (await queue.find('EVENT_TYPE_WORKFLOW_TASK_FAILED')) ?? false);
  expect(failed.workflowTaskFailedEventAttributes?.failure?.message).toMatch(said(WORDS.payloadOfWorker));
  await eventually(async () => ((await queue.handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0) > 1);
  expect(await queue.status()).toBe('RUNNING');
  expect(handled.numbers).toEqual([]);
});

test('4 MiB in one gRPC message: refused as if the server were busy', async () => {
  expect(await refusal(host.queue().send(4 * MIB))).toMatch(said(WORDS.message));
});

test('20 updates in a run (2,000): the next is refused', async () => {
  const queue = host.queue();
  await queue.send();
  await queue.startWorker(async () => undefined);
  for (let n = 0; n < MAX_UPDATES; n += 1) await queue.handle.executeUpdate(skipUpdate);
  expect(await refusal(queue.handle.executeUpdate(skipUpdate))).toMatch(said(WORDS.updates));
});

test('10 updates at a time: while no worker runs, the next is refused', async () => {
  const queue = host.queue();
  await queue.send();
  const leave = new AbortController();
  setMaxListeners(11, leave.signal);
  const update = () => host.client.withAbortSignal(leave.signal, () => queue.handle.executeUpdate(skipUpdate));
  const refusals = Array.from({ length: 11 }, () => refusal(update()));
  expect(await Promise.race(refusals)).toMatch(said(WORDS.updatesInFlight));
  leave.abort();
  await Promise.allSettled(refusals);
});

test('a run about to end while signals come: they are refused while its last workflow task is repeated', async () => {
  const queue = host.queue();
  await queue.send();
  const { workflowService } = host.client;
  const { namespace } = host.client.options;
  // A worker in slow motion, which finds its queue empty and ends.
  const task = () =>
    host.client.withDeadline(Date.now() + 20_000, () =>
      workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: queue.id } }),
    );
  const { taskToken } = await task();
  await queue.send();
  const end = {
    commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
    completeWorkflowExecutionCommandAttributes: {},
  };
  await workflowService.respondWorkflowTaskCompleted({ namespace, taskToken, commands: [end] }).catch(() => undefined);
  await task();
  expect(await refusal(queue.send())).toMatch(said(WORDS.closing));
});

test('retention of 1 second (days): a closed run is deleted with what it still held', async () => {
  const { workflowService } = host.client;
  const namespace = 'one-second';
  await workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs(RETENTION_S * 1000),
  });
  const brief = await PlainHost.connect(server.address, namespace);
  const queue = brief.queue();
  const runId = await eventually(() => queue.send());
  await queue.handle.terminate();
  const execution = { workflowId: queue.id, runId };
  const describe = () => workflowService.describeWorkflowExecution({ namespace, execution });
  expect(await eventually(() => refusal(describe()))).toMatch(said(WORDS.retention));
  expect(await refusal(queue.lastEvent(runId))).toMatch(said(WORDS.retention));
  await brief.close();
});

test('a run terminated by an operator: the next event begins a new one, and nobody misses what waited', async () => {
  const queue = host.queue();
  const handled = ledger();
  const ended = await queue.sendMany(4);
  await queue.handle.terminate();
  expect(await queue.send()).not.toBe(ended);
  await queue.startWorker(handled.note);
  await eventually(() => handled.numbers.length > 0);
  expect(handled.numbers).toEqual([5]);
  expect(await queue.status()).toBe('RUNNING');
});

/** The numbers of the events for which the handler was called. */
function ledger() {
  const numbers: number[] = [];
  const note = async (events: readonly PlainEvent[]): Promise<void> => void numbers.push(...events.map(({ n }) => n));
  return { numbers, note };
}
