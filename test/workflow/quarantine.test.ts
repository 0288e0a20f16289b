/** The quarantine on a real Temporal server: any number of records, and how they leave it. */
import { afterEach, describe, expect, test } from 'vitest';
import { readQuarantineCheckpoint } from '../../activities/questions/quarantine-checkpoint.ts';
import { argumentOf } from '../../temporal/run-argument.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import { poolOf } from '../../contracts/pool/pool-of.ts';
import { segmentWorkflowId, SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { QUARANTINE_MARK, type QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import { parseQuarantineInput } from '../../contracts/quarantine/parse.ts';
import type { KeyableRecord } from '../../contracts/public/record.ts';
import { eventually } from '../support/eventually.ts';
import { keylessRecords, laneEvents, SHARD } from '../support/lane-events.ts';
import { QuarantineHarness } from '../support/quarantine-harness.ts';

let harness: QuarantineHarness;

afterEach(() => harness.stop());

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const at = (n: number) => `${SHARD}:${n}`;
const numberOf = (record: KeyableRecord) => (record.json() as { n: number }).n;

async function openSegments(): Promise<number> {
  const { client, taskQueue } = harness.lanes;
  const query = `WorkflowType = "${WORKFLOW_TYPES.segment}" AND TaskQueue = "${taskQueue}" AND ExecutionStatus = "Running"`;
  return (await client.workflow.count(query)).count;
}

async function runs(): Promise<{ readonly runId: string; readonly status: string }[]> {
  const found = [];
  for await (const { runId, status } of harness.lanes.client.workflow.list({
    query: `WorkflowId = "${harness.handle.workflowId}"`,
  })) {
    found.push({ runId, status: status.name });
  }
  return found;
}

test('O1 records go where the pipeline says that their keys live, whatever the settings of the process (fault B6)', async () => {
  const sent: string[] = [];
  harness = await QuarantineHarness.start({
    key: () => 'a',
    handler: () => {},
    pools: 2,
    beforeSend: (request) => {
      sent.push(request.to === 'pool' ? `pool ${request.pool}` : request.to);
      throw new Error('This is all that the test has to know');
    },
  });
  await harness.put(keylessRecords(1, 3));
  await eventually(async () => (await harness.view()).count === 3);
  void harness.decide('retry', { all: true }).catch(() => {});
  await eventually(() => sent.length > 1);
  expect(new Set(sent)).toEqual(new Set([`pool ${poolOf('a', 2)}`]));
});

describe.each([
  { mode: 'cached', replayed: false, max: 400 },
  { mode: 'replayed at every task', replayed: true, max: 80 },
])('a quarantine ($mode)', ({ max, replayed }) => {
  test('O4 O5 O6 O8 keeps any number of records, each once, and brings them all when they have keys', async () => {
    const seen = new Map<string, number[]>();
    let hasKeys = false;
    harness = await QuarantineHarness.start({
      key: (record) => (hasKeys ? `key-${numberOf(record) % 5}` : undefined),
      handler: (event) => void seen.set(event.key, [...(seen.get(event.key) ?? []), event.json().n]),
      limits: { segments: { events: 40, bytes: 64 * 1024 }, batch: 20 },
      signalsPerRun: 7,
      replayed,
    });
    for (let n = 1; n <= max; n += 10) await harness.put(keylessRecords(Math.max(1, n - 5), n + 9));
    await eventually(async () => (await harness.view()).count === max);
    await eventually(async () => (await harness.view()).segments.length === 1);
    await eventually(async () => (await openSegments()) >= Math.floor((max - 1) / 40));
    await eventually(async () => (await runs()).length > 1);
    for (const { runId } of await runs()) {
      const input = await argumentOf(
        harness.lanes.client,
        { workflowId: harness.handle.workflowId, runId },
        parseQuarantineInput,
      );
      expect(jsonBytes(input!)).toBeLessThan(32 * 1024);
    }

    const refused = await harness.decide('retry', { all: true, by: 'ann' });
    expect(refused).toMatchObject({ outcome: 'refused', decided: 0, kept: max, by: 'ann' });
    expect(refused.why).toContain('still without a key');
    hasKeys = true;
    // New ones come meanwhile, and the run continues as new more than once.
    const sending = (async () => {
      for (let n = max + 1; n <= max + 40; n += 2) await harness.put(keylessRecords(n, n + 1));
    })();
    await harness.decide('retry', { all: true, reason: 'the new field is known now' });
    await sending;
    await eventually(async () => (await harness.view()).pending.length === 0, 120_000);
    await eventually(async () => (await harness.view()).count === max + 40 - (await handled()), 60_000);
    await harness.decide('retry', { all: true });
    await eventually(async () => (await handled()) === max + 40, 60_000);
    await eventually(async () => (await harness.view()).count === 0);
    async function handled(): Promise<number> {
      return [...seen.values()].reduce((sum, ns) => sum + ns.length, 0);
    }
    for (const [key, ns] of seen) {
      expect(ns).toEqual(numbers(1, max + 40).filter((n) => `key-${n % 5}` === key));
    }
    await eventually(async () => (await openSegments()) === 0);
    const ended = new Set((await runs()).map(({ status }) => status));
    expect(ended).toEqual(new Set(['CONTINUED_AS_NEW', 'RUNNING']));
  }, 240_000);
});

describe('a quarantine', () => {
  test('O1 O6 what it brings goes behind all that its lane has accepted, once, whatever is lost and who dies on the way', async () => {
    const seen: number[] = [];
    let isPoisoned = true;
    let name: string | undefined;
    let lost = 0;
    harness = await QuarantineHarness.start({
      key: () => name,
      handler: (event) => {
        const { n } = event.json() as { n: number };
        if (n === 6 && isPoisoned) throw new Error('poison');
        seen.push(n);
      },
      handling: { retry: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 } },
      afterSend: () => {
        lost += 1;
        // The lane has them and nobody knows.
        if (lost <= 3) throw new Error('the answer is lost');
        if (lost === 4) void harness.stopBridge();
        if (lost === 4) throw new Error('the answer is lost');
      },
    });
    await harness.put(keylessRecords(1, 4));
    await harness.lanes.send('a', laneEvents(5, 8));
    await eventually(async () => (await harness.lanes.view('a')).phase.state === 'blocked');
    await eventually(async () => (await harness.view()).count === 4);
    name = 'a';
    const retried = harness.decide('retry', { positions: [at(2), at(1), at(4)] });
    await eventually(() => lost >= 4);
    // By now the key function says otherwise: what was under way stays with its key.
    name = 'b';
    await harness.stopBridge();
    expect((await harness.view()).count).toBe(4);
    // Until all is accepted, a lane must remember what it has been brought.
    const { redrivingFrom = 0 } = await harness.view();
    const { client, pipeline } = harness.lanes;
    expect(await readQuarantineCheckpoint(client, pipeline)).toEqual({
      ended: false,
      position: { shardId: QUARANTINE_MARK, sequenceNumber: String(redrivingFrom - 1) },
    });
    await harness.startBridge();
    expect(await retried).toMatchObject({
      outcome: 'done',
      decided: 3,
      records: [{ key: 'a' }, { key: 'a' }, { key: 'a' }],
    });
    expect((await harness.view()).count).toBe(1);
    expect(await harness.lanes.view('a')).toMatchObject({ waiting: 5 });
    await harness.lanes.send('a', laneEvents(7, 10));
    isPoisoned = false;
    await harness.lanes.decide('a', 'retry');
    await eventually(() => seen.length >= 9);
    expect(seen).toEqual([5, 6, 7, 8, 1, 2, 4, 9, 10]);
    expect(Object.keys((await harness.lanes.view('a')).marks)).toEqual([SHARD, QUARANTINE_MARK]);
    expect(await readQuarantineCheckpoint(client, pipeline)).toEqual({ ended: true });
    expect(await readQuarantineCheckpoint(client, 'another')).toEqual({ ended: true });
  });

  test('O11 skip and replace, by updates and by plain signals, on records that are there, and on no others', async () => {
    const seen: string[] = [];
    harness = await QuarantineHarness.start({
      key: (record) => (record.json() as { id?: string }).id,
      handler: (event, { idempotencyKey }) =>
        void seen.push(`${event.key} ${event.text()} ${idempotencyKey.slice(-2)}`),
    });
    await harness.put([
      ...keylessRecords(1, 4),
      { ...keylessRecords(5, 5)[0]!, reason: 'The key function threw: no id' },
    ]);
    await eventually(async () => (await harness.view()).count === 5);
    expect(await harness.decide('skip', { position: at(2), by: 'ann', reason: 'a test' })).toMatchObject({
      verb: 'skip',
      outcome: 'done',
      decided: 1,
      by: 'ann',
      reason: 'a test',
      target: at(2),
      records: [{ position: at(2), dataBefore: '{"n":2}', reason: 'The key function returned undefined' }],
    });
    expect(await harness.decide('skip', { positions: [at(2), at(9)] })).toMatchObject({
      outcome: 'refused',
      decided: 0,
    });
    await expect(harness.decide('skip', {})).rejects.toThrow();
    await expect(harness.decide('replace', { all: true, data: {} })).rejects.toThrow();
    const none = await harness.decide('replace', { position: at(3), data: { id: 7 } });
    expect(none).toMatchObject({ outcome: 'refused', kept: 1, firstKept: { position: at(3) } });
    expect(none.firstKept?.reason).toContain('the number 7');
    const replaced = await harness.decide('replace', { position: at(3), data: { id: 'x' } });
    expect(replaced).toMatchObject({
      outcome: 'done',
      records: [{ key: 'x', dataBefore: '{"n":3}', dataAfter: '{"id":"x"}' }],
    });
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['x {"id":"x"} #1']);
    await harness.handle.signal('skip', { matching: 'no id', by: 'bob' });
    await harness.handle.signal('skip', null);
    await harness.handle.signal('skip', { position: 7 });
    await eventually(async () => (await harness.view()).count === 2);
    await eventually(async () => (await harness.view()).decisions.length === 7);
    expect((await harness.view()).decisions.slice(-3).map(({ outcome, by }) => [outcome, by])).toContainEqual([
      'done',
      'bob',
    ]);
    await harness.handle.signal('skip', { all: true });
    await eventually(async () => (await harness.view()).count === 0);
    await expect(harness.decide('retry', { all: true })).rejects.toThrow();
    await eventually(async () => (await openSegments()) === 0);
  });

  test('O6 forgets marks that lie behind the checkpoints, and knows a sender of before by its lease', async () => {
    const shards = numbers(1, 40).map((n) => `shardId-${n}`);
    harness = await QuarantineHarness.start({
      key: () => undefined,
      handler: () => {},
      signalsPerRun: 10,
      limits: { leaseMarginMs: 200 },
      checkpoints: () => Object.fromEntries(shards.map((shard) => [shard, { ended: true }])),
    });
    for (const shard of shards) await harness.put(keylessRecords(1, 1, shard));
    const carried = async () => {
      return (await argumentOf(harness.lanes.client, { workflowId: harness.handle.workflowId }, parseQuarantineInput))!
        .carried;
    };
    let n = 1;
    await eventually(async () => {
      n += 1;
      await harness.put(keylessRecords(n, n, 'another'));
      const marks = Object.keys((await carried())?.marks ?? {});
      // Few are carried without asking, so which of the others are left depends on how fast the records came.
      return marks.length > 0 && !marks.includes(shards[0]!);
    });
    const { count } = await harness.view();
    await harness.put(keylessRecords(1, 1, shards[0]), Date.now() - 60_000);
    await harness.put(keylessRecords(n + 1, n + 1, 'another'));
    await eventually(async () => (await harness.view()).count === count + 1);
  });

  test('O5 O8 a segment that was terminated externally is still read, and decided on once', async () => {
    const seen: number[] = [];
    harness = await QuarantineHarness.start({
      key: (record) => (numberOf(record) % 2 === 0 ? 'even' : undefined),
      handler: (event) => void seen.push(event.json().n),
      limits: { segments: { events: 10, bytes: 64 * 1024 } },
    });
    await harness.put(keylessRecords(1, 25));
    await eventually(async () => (await openSegments()) === 2);
    const { client, taskQueue } = harness.lanes;
    const query = `WorkflowType = "${WORKFLOW_TYPES.segment}" AND TaskQueue = "${taskQueue}"`;
    for await (const { workflowId } of client.workflow.list({ query }))
      await client.workflow.getHandle(workflowId).terminate();
    expect(await harness.decide('retry', { all: true })).toMatchObject({ decided: 12, kept: 13 });
    expect(await harness.decide('retry', { all: true })).toMatchObject({ decided: 0, kept: 13 });
    expect(await harness.decide('skip', { positions: [at(2), at(3)] })).toMatchObject({ decided: 1 });
    await eventually(() => seen.length === 12);
    expect(seen).toEqual(numbers(1, 25).filter((n) => n % 2 === 0));
    expect((await harness.view()).count).toBe(12);
  });

  test('O6 what it brings is brought once, when the attempt fails in the moment in which the run has to end', async () => {
    const seen: number[] = [];
    let lost = 0;
    harness = await QuarantineHarness.start({
      key: (record) => (numberOf(record) <= 4 ? 'a' : undefined),
      handler: (event) => void seen.push(event.json().n),
      signalsPerRun: 5,
      // The lane has them, and nobody hears of that.
      afterSend: async () => {
        lost += 1;
        if (lost === 1) await new Promise(() => {});
      },
      aroundRedriving: async (bring) => {
        await bring().catch(() => {
          throw new Error('this process is about to die');
        });
      },
    });
    await harness.put(keylessRecords(1, 4));
    await eventually(async () => (await harness.view()).count === 4);
    const retried = harness.decide('retry', { all: true });
    await eventually(() => seen.length === 4);
    for (let n = 5; n <= 24; n += 1) await harness.put(keylessRecords(n, n));
    expect(await retried).toMatchObject({ outcome: 'done', decided: 4 });
    await eventually(async () => (await harness.view()).count === 20);
    expect(await harness.decide('retry', { all: true })).toMatchObject({ decided: 0, kept: 20 });
    await harness.lanes.send('a', laneEvents(30, 30));
    await eventually(() => seen.includes(30));
    expect(seen).toEqual([1, 2, 3, 4, 30]);
  });

  test('O8 O9 the key function is given data that was left in the source, while that has it', async () => {
    const [first, second] = keylessRecords(1, 2);
    const large = (record: QuarantinedRecord) => ({ ...record, data: { sourceOnly: { preview: '{' } }, size: 7 });
    harness = await QuarantineHarness.start({
      key: (record) => (numberOf(record) === 7 ? 'a' : undefined),
      handler: () => {},
      recordAt: async (position) => {
        if (position.sequenceNumber !== '1') return undefined;
        return { position, arrivedAt: 1, partitionKey: '', data: Buffer.from('{"n":7}') };
      },
    });
    await harness.put([large(first!), large(second!)]);
    const retried = await harness.decide('retry', { all: true });
    expect(retried).toMatchObject({ decided: 1, kept: 1, firstKept: { position: at(2) }, records: [{ key: 'a' }] });
    expect(retried.firstKept?.reason).toContain('Its data (7 bytes) is gone for good');
    expect((await harness.lanes.view('a')).head).toMatchObject({ position: first!.position, data: { sourceOnly: {} } });
  });

  test('O8 a segment that was closed holds nothing any more', async () => {
    harness = await QuarantineHarness.start({
      key: () => undefined,
      handler: () => {},
      limits: { segments: { events: 10, bytes: 64 * 1024 } },
    });
    await harness.put(keylessRecords(1, 15));
    await eventually(async () => (await harness.view()).segments.length === 1);
    const [{ epoch, first } = { epoch: '', first: 0 }] = (await harness.view()).segments;
    const { client, pipeline } = harness.lanes;
    // As a run may have done that was ended before it knew.
    const segment = client.workflow.getHandle(segmentWorkflowId(pipeline, { epoch, number: first }));
    await segment.signal(SIGNALS.close);
    await segment.result();
    expect(await harness.decide('skip', { matching: 'undefined' })).toMatchObject({ decided: 5 });
    expect(await harness.view()).toMatchObject({ count: 0, segments: [] });
  });

  test('O8 records that no bridge can have sent are left out, and it goes on', async () => {
    harness = await QuarantineHarness.start({ key: () => undefined, handler: () => {} });
    const [record] = keylessRecords(1, 1);
    await harness.put([record!]);
    for (const forged of [{ reason: undefined }, { partitionKey: null }, { arrivedAt: 'today' }, { size: null }]) {
      await harness.handle.signal('records', { leaseUntil: Date.now(), records: [{ ...record, ...forged }] });
    }
    await harness.put(keylessRecords(2, 3));
    await eventually(async () => (await harness.view()).count === 3);
  });
});
