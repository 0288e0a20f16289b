/** A record that kills every process that handles it: it stops its own key, and no other for longer than a restart. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { laneView } from '../../operations/lanes/lane-view.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { DEFAULT_LANE_OPTIONS } from '../../contracts/lane/options.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { KeylaneProcess } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { laneEvent, laneEvents, SHARD } from '../support/lane-events.ts';
import { LedgerProject } from '../support/ledger-project.ts';

let client: Client;
let project: LedgerProject;
const pipeline = uniqueName();
const supervised = { running: true, restarts: 0, process: undefined as KeylaneProcess | undefined };

beforeAll(async () => {
  const { address } = devServer();
  client = new Client({ connection: await Connection.connect({ address }) });
  const more = "retry: { maxAttempts: 2, initialInterval: '50ms' }";
  project = await LedgerProject.create({ stream: pipeline, pipeline, more });
  const env = { ...EMULATOR_ENV, TEMPORAL_ADDRESS: address };
  // A supervisor, as systemd or Kubernetes would be.
  void (async () => {
    while (supervised.running) {
      supervised.process = new KeylaneProcess(['worker'], { cwd: project.folder, env });
      await supervised.process.ended;
      supervised.restarts += 1;
    }
  })();
});

afterAll(async () => {
  supervised.running = false;
  await supervised.process?.signal('SIGTERM');
  await project.remove();
  await client.connection.close();
});

async function send(key: string, events: readonly object[]): Promise<void> {
  const input: LaneInput = {
    version: 1,
    pipeline,
    key,
    // A short time-out, so that the test need not wait long for each death to be noticed.
    options: { ...DEFAULT_LANE_OPTIONS, heartbeatTimeoutMs: 1500 },
  };
  await client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId: laneWorkflowId(pipeline, key),
    taskQueue: pipeline,
    args: [input],
    signal: SIGNALS.records,
    signalArgs: [{ leaseUntil: Date.now() + 60_000, events }],
  });
}

test('O1 O3 O5 a record that kills its process blocks its own key; what shared a batch with it is handled', async () => {
  await send('deadly', [...laneEvents(1, 2), laneEvent(3, SHARD, { n: 3, deadly: true }), ...laneEvents(4, 6)]);
  await send('other', laneEvents(1, 6));
  await eventually(async () => (await laneView(client, pipeline, 'deadly')).phase.state === 'blocked', 120_000);
  const view = await laneView(client, pipeline, 'deadly');
  expect(view.phase).toMatchObject({ state: 'blocked', attempts: 2, failure: { type: 'HeartbeatTimeout' } });
  expect(view.head?.position.sequenceNumber).toBe('3');
  expect(supervised.restarts).toBeGreaterThan(2);
  const of = async (key: string) => {
    const ns = (await project.booked()).filter((call) => call.key === key).map((call) => call.n);
    return [...new Set(ns)];
  };
  await eventually(async () => (await of('other')).length === 6);
  expect(await of('other')).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await of('deadly')).toEqual([1, 2]);
  await client.workflow.getHandle(laneWorkflowId(pipeline, 'deadly')).executeUpdate('skip', { args: [{}] });
  await eventually(async () => (await of('deadly')).length === 5);
  expect(await of('deadly')).toEqual([1, 2, 4, 5, 6]);
}, 180_000);
