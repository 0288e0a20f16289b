/** Handlers with errors that no code catches, in a process of their own on a real server: what becomes of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { laneView } from '../../operations/lanes/lane-view.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { DEFAULT_LANE_OPTIONS } from '../../contracts/lane/options.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { freePort } from '../../worker/temporal-server/ports.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { KeylaneProcess } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { laneEvent, SHARD } from '../support/lane-events.ts';
import { LedgerProject } from '../support/ledger-project.ts';
import { scrape } from '../support/metrics.ts';

/** What an event's `fate` says is done before the event is booked, half a second later. */
const HANDLER = (folder: string) => `
import { appendFileSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
let isRejecting = false;
setInterval(() => {
  if (isRejecting) void Promise.reject(new Error('of the module'));
  isRejecting = false;
}, 20).unref();
export default async (event) => {
  const { n, fate } = event.json();
  const fates = {
    rejects: () => void Promise.reject(new Error('nobody awaits \\ud83d')),
    'rejects later': () => void setTimeout(() => Promise.reject(Object.assign(new Error('x'), { message: ['later'] })), 50),
    'throws later': () => void setTimeout(() => { throw new Error('from a timer'); }, 50),
    'lets the module reject': () => { isRejecting = true; },
    'has no listener': () => void setTimeout(() => new EventEmitter().emit('error', new Error('from a socket')), 50),
  };
  fates[fate]?.();
  await delay(500);
  appendFileSync('${folder}/books.jsonl', JSON.stringify({ key: event.key, n }) + '\\n');
};
`;

let client: Client;
let project: LedgerProject;
let pipeline: string;
let running: KeylaneProcess;
let metricsAt: string;

beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: devServer().address }) });
});
afterAll(() => client.connection.close());
beforeEach(async () => {
  pipeline = uniqueName();
  const more = "retry: { maxAttempts: 2, initialInterval: '50ms' }";
  project = await LedgerProject.create({ stream: pipeline, pipeline, more });
  await writeFile(join(project.folder, 'handler.ts'), HANDLER(project.folder));
  metricsAt = `127.0.0.1:${await freePort('127.0.0.1')}`;
  start();
});
afterEach(async () => {
  await running.signal('SIGTERM');
  await project.remove();
});

function start(): void {
  const env = { ...EMULATOR_ENV, TEMPORAL_ADDRESS: devServer().address };
  const args = ['worker', '--metrics-address', metricsAt, '--log-format', 'json'];
  running = new KeylaneProcess(args, { cwd: project.folder, env });
}

async function send(key: string, data: object): Promise<void> {
  const input: LaneInput = {
    version: 1,
    pipeline,
    key,
    options: { ...DEFAULT_LANE_OPTIONS, heartbeatTimeoutMs: 2000 },
  };
  await client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId: laneWorkflowId(pipeline, key),
    taskQueue: pipeline,
    args: [input],
    signal: SIGNALS.records,
    signalArgs: [{ leaseUntil: Date.now() + 60_000, events: [laneEvent(1, SHARD, { n: 1, ...data })] }],
  });
}

const isBooked = async (key: string) => (await project.booked()).some((call) => call.key === key);
const stateOf = async (key: string) => (await laneView(client, pipeline, key)).phase;

test('O3 a rejection that no code awaits is logged with its key and counted, and the process goes on (fault F10)', async () => {
  await send('rejects', { fate: 'rejects' });
  await send('later', { fate: 'rejects later' });
  await send('other', {});
  await eventually(async () => (await isBooked('rejects')) && (await isBooked('later')) && (await isBooked('other')));
  const lines = running.output.split('\n').filter((line) => line.includes('no code awaits it'));
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ pipeline, key: 'rejects', attempt: 1, reason: 'Error: nobody awaits \ufffd' }),
      expect.objectContaining({ pipeline, key: 'later', attempt: 1, reason: 'Error: later' }),
    ]),
  );
  const page = await scrape(metricsAt);
  expect(page.value('keylane_unhandled_rejections_total', pipeline)).toBe(2);
  await send('after', {});
  await eventually(() => isBooked('after'));
});

test.each([
  ['throws later', 'from a timer'],
  ['has no listener', 'from a socket'],
])(
  'O1 O3 O5 a handler that %s fails its own key, and the process finishes the others and ends with code 1 (fault F10)',
  async (fate, message) => {
    await send('stray', { fate });
    await send('other', {});
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      expect((await running.ended).code).toBe(1);
      expect(running.output).toContain(`of the handler of ${pipeline}, key "stray": Error: ${message}`);
      start();
    }
    await eventually(async () => (await stateOf('stray')).state === 'blocked');
    const phase = await stateOf('stray');
    expect(phase).toMatchObject({ attempts: 2, failure: { type: 'Error' } });
    expect(phase).toHaveProperty('failure.message', expect.stringContaining(message));
    await eventually(() => isBooked('other'));
    await send('after', {});
    await eventually(() => isBooked('after'));
  },
);

test('O3 after a rejection that belongs to no call the process finishes its calls and ends with code 1 (fault F10)', async () => {
  await send('running', { fate: 'lets the module reject' });
  expect((await running.ended).code).toBe(1);
  expect(running.output).toContain('A promise was rejected and no code awaits it: Error: of the module');
  expect(await project.booked()).toHaveLength(1);
});
