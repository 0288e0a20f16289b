/**
 * Lanes and pools that an operator terminates in the Temporal UI or with its command line: the next run of the key recovers what
 * they held. Where that is not possible, an operator is notified before any later event is handled.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { blockedLanes } from '../../operations/lanes/blocked-lanes.ts';
import { decide } from '../../operations/decisions/decide.ts';
import { kinesis } from '../../contracts/public/source-config.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { poolWorkflowId } from '../../contracts/names.ts';
import { poolOf } from '../../contracts/pool/pool-of.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTINGS, hostings, POOLS, type Hosting } from '../support/hostings.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const KEY = 'order-1';

let emulator: Server;
let stream: KinesisStream;
let keylane: Keylane;
let ledger: Ledger;
let name: string;
let poison: Set<number>;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite({ shardLimit: 200 });
});
afterAll(() => emulator.stop());

beforeEach(async () => {
  name = uniqueName();
  ledger = new Ledger();
  poison = new Set([3]);
  stream = await KinesisStream.create(emulator.endpoint, name, 1);
});
afterEach(async () => {
  await keylane.close();
  stream.close();
});

async function open(hosting: Hosting = 'own'): Promise<void> {
  const [book, bad] = [ledger, poison];
  const config = {
    source: kinesis({ stream: name, endpoint: emulator.endpoint }),
    handler: (event: { readonly key: string; json(): { n: number } }) => {
      const { n } = event.json();
      if (bad.has(n)) throw new Error(`${n} is poison`);
      book.note(event.key, n);
    },
    retry: { maxAttempts: 1 },
    ...HOSTINGS[hosting],
  };
  const pool = { heartbeatTimeoutMs: 1500, signalsPerRun: 20 };
  const lane = { heartbeatTimeoutMs: 1500, segments: { events: 10, bytes: 20_000 }, signalsPerRun: 20 };
  keylane = await Keylane.create({ pipelines: { [name]: config }, lane, pool });
}

const lane = () => keylane.client.workflow.getHandle(laneWorkflowId(name, KEY));
/** The workflow to which the bridge delivers. */
const holder = (hosting: Hosting) =>
  hosting === 'own' ? lane() : keylane.client.workflow.getHandle(poolWorkflowId(name, poolOf(KEY, POOLS)));
const view = () => keylane.view(name, KEY);
const isBlockedAt = (n: number) => async () => {
  const { head, phase } = await view();
  return phase.state === 'blocked' && JSON.stringify(head?.data) === JSON.stringify({ json: { n } });
};

/** Each in a request of its own, so that there are signals and segments. */
async function write(from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await stream.put([{ key: KEY, data: JSON.stringify({ n }) }]);
}

async function expectAll(last: number): Promise<void> {
  await eventually(() => ledger.count >= last, 60_000);
  expect(ledger.of(KEY)).toEqual(upTo(last));
}

describe.each(hostings)('O5 O11 a blocked lane that is terminated (%s hosting)', (hosting) => {
  test('stays listed with its record until a verb starts it again (fault G4)', async () => {
    await open(hosting);
    await keylane.start();
    await write(1, 6);
    await eventually(isBlockedAt(3), 60_000);
    await eventually(async () => (await view()).waiting === 3, 60_000);
    const { client } = keylane;
    const listed = async () => (await blockedLanes(client, { pipeline: name, endedOf: [name] })).lanes;
    const [before] = await listed();
    await lane().terminate('by mistake');
    const [after] = await eventually(async () => {
      const lanes = await listed();
      return lanes[0]?.ended === undefined ? false : lanes;
    }, 30_000);
    expect(after).toMatchObject({ key: KEY, position: before?.position, waiting: 3, ended: { how: 'TERMINATED' } });
    expect(await keylane.status(name)).toMatchObject({ lanes: { blocked: 0 }, endedLanes: 1 });
    poison.clear();
    const pools = hosting === 'own' ? undefined : POOLS;
    const args = { position: before?.position ?? '' };
    const decision = await decide(client, { pipeline: name, key: KEY, verb: 'retry', args, pools });
    expect(decision).toMatchObject({ outcome: 'done', position: before?.position });
    await expectAll(6);
    await eventually(
      async () => (await listed()).length === 0 && (await keylane.status(name)).endedLanes === 0,
      30_000,
    );
    // What comes later finds a lane or a pool that knows all of it.
    await write(7, 8);
    await expectAll(8);
  });
});

describe('O1 O4 O5 O6 a lane with a backlog', () => {
  test('that is terminated is recovered by the next run: its head, its segments, and the signals that no task has processed', async () => {
    await open();
    await keylane.start();
    await write(1, 60);
    await eventually(isBlockedAt(3), 60_000);
    await eventually(async () => (await view()).waiting === 57, 60_000);
    expect((await view()).segments?.count).toBeGreaterThan(1);
    await lane().terminate('by mistake');
    await write(61, 70);
    await eventually(isBlockedAt(3), 60_000);
    await eventually(async () => (await view()).waiting === 67, 60_000);
    expect((await view()).handled).toBe(2);
    poison.clear();
    await keylane.decide(name, KEY, 'retry');
    await expectAll(70);
    expect((await view()).handled).toBe(70);
  });

  test('that is reset to an earlier point continues from there: nothing is lost, and what was handled since may repeat', async () => {
    await open();
    await keylane.start();
    await write(1, 40);
    await eventually(isBlockedAt(3), 60_000);
    await eventually(async () => (await view()).waiting === 37, 60_000);
    const { eventId, workflowExecution } = await firstTask();
    poison.clear();
    await keylane.client.workflowService.resetWorkflowExecution({
      namespace: keylane.client.options.namespace,
      workflowExecution,
      reason: 'by mistake',
      workflowTaskFinishEventId: eventId ?? null,
      requestId: uniqueName(),
    });
    await write(41, 45);
    await eventually(() => ledger.of(KEY).at(-1) === 45, 30_000);
    expect([...new Set(ledger.of(KEY))]).toEqual(upTo(45));
    expect(ledger.of(KEY).slice(2)).toEqual(
      ledger
        .of(KEY)
        .slice(2)
        .toSorted((a, b) => Number(a) - Number(b)),
    );
  });

  test('whose history Temporal has deleted blocks the next event, with a message that says what may be missing', async () => {
    await open();
    await keylane.start();
    await write(1, 10);
    await eventually(isBlockedAt(3), 60_000);
    const { runId } = await lane().describe();
    await keylane.stop();
    await lane().terminate('by mistake');
    await write(11, 12);
    await keylane.start(['bridge']);
    await eventually(async () => (await lane().describe()).runId !== runId, 60_000);
    await keylane.client.workflowService.deleteWorkflowExecution({
      namespace: keylane.client.options.namespace,
      workflowExecution: { workflowId: laneWorkflowId(name, KEY), runId },
    });
    await eventually(
      async () =>
        (await keylane.client.workflow
          .getHandle(laneWorkflowId(name, KEY), runId)
          .describe()
          .catch(() => undefined)) === undefined,
      30_000,
    );
    await keylane.start(['worker']);
    await eventually(isBlockedAt(11), 60_000);
    const { phase } = await view();
    expect(phase).toMatchObject({ failure: { type: 'EventsLost', message: expect.stringContaining(runId) } });
    await keylane.decide(name, KEY, 'retry');
    await eventually(() => ledger.count === 4);
    expect(ledger.of(KEY)).toEqual([1, 2, 11, 12]);
  });
});

describe.each(hostings)('O1 O4 O5 O6 %s hosting, the workflow that holds the events of a key', (hosting) => {
  test('that is terminated before a worker has processed it, and again while it recovers, loses nothing', async () => {
    await open(hosting);
    await keylane.start(['bridge']);
    await write(1, 5);
    await eventually(async () => (await holder(hosting).describe()).historyLength >= 3, 30_000);
    await holder(hosting).terminate('by mistake');
    await write(6, 8);
    await eventually(async () => (await holder(hosting).describe()).status.name === 'RUNNING', 30_000);
    await holder(hosting).terminate('once more');
    await write(9, 12);
    poison.clear();
    await keylane.start(['worker']);
    await expectAll(12);
  });

  test('that is canceled handles what it holds, and waits for an operator where it must', async () => {
    await open(hosting);
    await keylane.start();
    await write(1, 30);
    await eventually(isBlockedAt(3), 60_000);
    await holder(hosting).cancel();
    await write(31, 40);
    await eventually(async () => (await view()).waiting === 37, 60_000);
    poison.clear();
    await keylane.decide(name, KEY, 'retry');
    await expectAll(40);
  });
});

/** The end of the first workflow task of the current run. */
async function firstTask() {
  const { runId } = await lane().describe();
  const history = await keylane.client.workflow.getHandle(laneWorkflowId(name, KEY), runId).fetchHistory();
  const completed = history.events?.find(({ workflowTaskCompletedEventAttributes: task }) => task != null);
  return { workflowExecution: { workflowId: laneWorkflowId(name, KEY), runId }, eventId: completed?.eventId };
}
