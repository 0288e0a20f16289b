/** The pipeline workflow: its readers, its checkpoints, and what becomes of them when it is ended or must go on. */
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import { QUERIES } from '../../contracts/names.ts';
import { PIPELINE_UPDATES } from '../../contracts/pipeline/messages.ts';
import type { PipelineOptions } from '../../contracts/pipeline/options.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import { CheckpointsLostError, OtherSourceError } from '../../worker/pipelines.ts';
import { untilAnswered } from '../../temporal/until-answered.ts';
import { sentPositions } from '../support/accepted.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTINGS, hostings, type Hosting } from '../support/hostings.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const KEYS = 8;

let emulator: Server;
let stream: KinesisStream;
let keylane: Keylane | undefined;
let ledger: Ledger;
let name: string;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite({ shardLimit: 200 });
});
afterAll(() => emulator.stop());
afterEach(async () => {
  await keylane?.close();
  stream.close();
  keylane = undefined;
});

async function open(
  shards: number,
  options: Partial<PipelineOptions> = {},
  hosting: Hosting = 'own',
): Promise<Keylane> {
  name = uniqueName();
  ledger = new Ledger();
  const book = ledger;
  stream = await KinesisStream.create(emulator.endpoint, name, shards);
  keylane = await Keylane.create({
    pipelines: {
      [name]: {
        source: kinesis({ stream: name, endpoint: emulator.endpoint }),
        handler: (event) => book.note(event.key, event.json().n),
        ...HOSTINGS[hosting],
      },
    },
    options,
  });
  return keylane;
}

/** The next `count` events of each key. */
async function write(count: number, from: number): Promise<void> {
  await stream.put(
    Array.from({ length: KEYS * count }, (_, index) => {
      return { key: `key-${index % KEYS}`, data: JSON.stringify({ n: from + Math.floor(index / KEYS) }) };
    }),
  );
}

async function expectAll(last: number): Promise<void> {
  await eventually(() => ledger.count >= KEYS * last, 60_000);
  for (let key = 0; key < KEYS; key += 1) expect(ledger.of(`key-${key}`)).toEqual(upTo(last));
}

const runIdOf = async (it: Keylane) => (await it.client.workflow.getHandle(name).describe()).runId;

describe.each(hostings)('a pipeline, %s hosting', (hosting) => {
  test('O4 O6 continues as new again and again, with its readers home, while records come', async () => {
    const it = await open(3, { eventsPerRun: 40, shiftMs: 700, discoverEveryMs: 500 }, hosting);
    await it.start();
    const runs = new Set<string>();
    for (let n = 1; n <= 16; n += 1) {
      await write(1, n);
      await eventually(() => ledger.count >= KEYS * n);
      runs.add(await runIdOf(it));
    }
    await expectAll(16);
    expect(runs.size).toBeGreaterThan(2);
    expect(new Set(await sentPositions(it.client, name)).size).toBe(KEYS * 16);
  });

  test('O5 paused, it reads nothing and its lanes go on; resumed, it goes on where it was', async () => {
    const it = await open(2, {}, hosting);
    await it.start();
    await write(2, 1);
    await expectAll(2);
    const handle = it.client.workflow.getHandle(name);
    await handle.executeUpdate(PIPELINE_UPDATES.pause, { args: [{ by: 'ann', reason: 'a deploy' }] });
    await eventually(async () => (await it.status(name)).readers === 0);
    expect(await it.status(name)).toMatchObject({ state: 'paused', paused: { by: 'ann', reason: 'a deploy' } });
    await write(2, 3);
    await handle.executeUpdate(PIPELINE_UPDATES.resume);
    await expectAll(4);
    const sent = await sentPositions(it.client, name);
    expect(sent).toHaveLength(KEYS * 4);
  });

  test('O4 O6 terminated from outside, it goes on from its last checkpoints at the next start', async () => {
    const it = await open(2, {}, hosting);
    await it.start();
    await write(3, 1);
    await expectAll(3);
    await it.client.workflow.getHandle(name).terminate('by mistake');
    await it.stop();
    await write(3, 4);
    await it.start();
    await expectAll(6);
  });

  test('O6 gone with its history, it does not begin again unasked; a person says where', async () => {
    const it = await open(1, {}, hosting);
    await it.start();
    await write(3, 1);
    await expectAll(3);
    await it.stop();
    const { workflowService, options } = it.client;
    await workflowService.deleteWorkflowExecution({
      namespace: options.namespace,
      workflowExecution: { workflowId: name },
    });
    await eventually(async () => (await it.status(name)).state === 'not started');
    await expect(it.start()).rejects.toThrow(CheckpointsLostError);
    await write(3, 4);
    await it.start(['bridge', 'worker'], { startOver: true });
    // The lanes are still there and drop what they have had.
    await expectAll(6);
  });
});

describe('a pipeline', () => {
  test('many shards share a bounded number of readers, also after splits', async () => {
    const it = await open(6, { maxReaders: 2 });
    await write(5, 1);
    await it.start();
    await expectAll(5);
    expect((await it.status(name)).readers).toBeLessThanOrEqual(2);
    for (const { ShardId = '' } of (await stream.shards()).slice(0, 2)) await stream.split(ShardId);
    await write(5, 6);
    await expectAll(10);
    const { shards, readers } = await it.status(name);
    expect(readers).toBeLessThanOrEqual(2);
    await eventually(
      async () => (await it.status(name)).shards.filter(({ state }) => state === 'finished').length === 2,
    );
    expect(shards).toHaveLength(10);
  });

  test('O5 answers, pauses and continues as new also when its stream is gone', async () => {
    const it = await open(2, { eventsPerRun: 50, shiftMs: 500, discoverEveryMs: 500 });
    await it.start();
    await write(1, 1);
    await expectAll(1);
    await stream.delete();
    await eventually(async () => (await it.status(name)).readErrors.length > 0);
    // Readers are called home while they fail, again and again, which fills the history.
    const handle = it.client.workflow.getHandle(name);
    const run = await runIdOf(it);
    for (let round = 1; (await runIdOf(it)) === run; round += 1) {
      expect(round).toBeLessThan(12);
      await handle.executeUpdate(PIPELINE_UPDATES.pause, { args: [null] });
      await eventually(async () => (await it.status(name)).readers === 0, 30_000);
      await handle.executeUpdate(PIPELINE_UPDATES.resume);
    }
    await eventually(async () => (await it.status(name)).state === 'reading');
    // The next start finds it as it was.
    await it.stop();
    await expect(it.start()).rejects.toThrow(/no stream|does not exist|not found/i);
  }, 120_000);

  test('is asked until somebody answers, or the process stops', async () => {
    const it = await open(1);
    await it.start();
    await it.stop();
    const handle = it.client.workflow.getHandle(name);
    const logged: string[] = [];
    const log = pino({}, { write: (line) => void logged.push(line) });
    const stop = new AbortController();
    const ask = async (signal: AbortSignal) =>
      untilAnswered(
        () => it.client.withDeadline(Date.now() + 1000, () => handle.query<PipelineView>(QUERIES.pipeline)),
        { workflowId: name, log, signal },
      );
    const stopped = expect(ask(stop.signal)).rejects.toThrow('stopped');
    const answered = ask(new AbortController().signal);
    await eventually(() => logged.length === 2);
    stop.abort(new Error('stopped'));
    await stopped;
    await it.start();
    expect(await answered).toMatchObject({ pipeline: name });
    expect(logged).toHaveLength(2);
    expect(logged[0]).toContain('does not answer');
  });

  test('refuses settings that name another stream', async () => {
    const it = await open(1);
    await it.start();
    await it.stop();
    const other = await KinesisStream.create(emulator.endpoint, uniqueName(), 1);
    const moved = await Keylane.create({
      pipelines: {
        [name]: { source: kinesis({ stream: other.name, endpoint: emulator.endpoint }), handler: () => {} },
      },
      taskQueue: it.settings.temporal.taskQueue,
    });
    await expect(moved.start()).rejects.toThrow(OtherSourceError);
    await moved.close();
    other.close();
  });
});
