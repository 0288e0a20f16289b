/** The whole of Keylane on a Kinesis emulator and a real Temporal server. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import { NonRetryableError } from '../../contracts/public/errors.ts';
import { sentPositions } from '../support/accepted.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTINGS, hostings } from '../support/hostings.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const run = promisify(execFile);
const QUICK = { maxAttempts: 2, initialInterval: '50ms', maxInterval: '100ms' } as const;

let emulator: Server;
let stream: KinesisStream;
let keylane: Keylane | undefined;
let name: string;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite({ shardLimit: 200 });
});
afterAll(() => emulator.stop());
afterEach(async () => {
  await keylane?.close();
  stream?.close();
  keylane = undefined;
});

async function open(shards: number, handler: Handler, more: object = {}): Promise<Keylane> {
  name = uniqueName();
  stream = await KinesisStream.create(emulator.endpoint, name, shards);
  const source = kinesis({ stream: name, endpoint: emulator.endpoint });
  keylane = await Keylane.create({ pipelines: { [name]: { source, handler, retry: QUICK, ...more } } });
  return keylane;
}

const records = (keys: number, perKey: number, from = 1) =>
  Array.from({ length: keys * perKey }, (_, index) => {
    const key = `key-${index % keys}`;
    return { key, data: JSON.stringify({ n: from + Math.floor(index / keys), key }) };
  });

describe.each(hostings)('end to end on Kinesis, %s hosting', (hosting) => {
  test('O1 O3 O4 O5 O11 2,000 records, 50 keys, 3 poison records: all others finish, the 3 wait and finish in order', async () => {
    const ledger = new Ledger();
    const poison = new Map([
      ['key-7', 11],
      ['key-21', 3],
      ['key-42', 40],
    ]);
    const it = await open(
      4,
      (event) => {
        const { n } = event.json();
        if (poison.get(event.key) === n) throw new Error(`cannot book ${n}`);
        ledger.note(event.key, n);
      },
      HOSTINGS[hosting],
    );
    await stream.put(records(50, 40));
    await it.start();
    // 10, 2 and 39 events of the three come before their poison.
    await eventually(() => ledger.count === 47 * 40 + 10 + 2 + 39, 120_000);
    await eventually(async () => (await it.status(name)).lanes.blocked === 3);
    for (const key of poison.keys()) expect((await it.view(name, key)).phase.state).toBe('blocked');
    await eventually(async () => (await it.view(name, 'key-7')).waiting === 29);

    poison.delete('key-7');
    await it.decide(name, 'key-7', 'retry', { reason: 'the cause is mended' });
    await it.decide(name, 'key-21', 'skip');
    await it.decide(name, 'key-42', 'replace', { data: { n: 'forty' } });
    await eventually(() => ledger.count === 50 * 40 - 1, 60_000);
    expect(ledger.of('key-7')).toEqual(upTo(40));
    expect(ledger.of('key-21')).toEqual(upTo(40).filter((n) => n !== 3));
    expect(ledger.of('key-42')).toEqual([...upTo(39), 'forty']);
    for (let key = 0; key < 50; key += 1) {
      if (![7, 21, 42].includes(key)) expect(ledger.of(`key-${key}`)).toEqual(upTo(40));
    }
    await eventually(async () => (await it.status(name)).lanes.blocked === 0);
  });

  test('O2 O6 children of a split shard come after their parent, and a restart after a clean stop sends nothing twice', async () => {
    const ledger = new Ledger();
    const it = await open(2, (event) => ledger.note(event.key, event.json().n), HOSTINGS[hosting]);
    await stream.put(records(10, 10));
    const [first] = await stream.shards();
    await stream.split(first?.ShardId ?? '');
    await stream.put(records(10, 10, 11));
    await it.start();
    await eventually(() => ledger.count === 200, 60_000);
    await it.stop();
    await stream.put(records(10, 10, 21));
    await it.start();
    await eventually(() => ledger.count === 300, 60_000);
    for (let key = 0; key < 10; key += 1) expect(ledger.of(`key-${key}`)).toEqual(upTo(30));
    const sent = await sentPositions(it.client, name);
    expect(sent).toHaveLength(300);
    expect(new Set(sent).size).toBe(300);
  });
});

describe('end to end on Kinesis', () => {
  test('O8 records without a usable key are kept in quarantine; a record that cannot be decoded blocks its key', async () => {
    const ledger = new Ledger();
    const it = await open(1, (event) => ledger.note(event.key, event.json().n), {
      key: (record: { text(): string; partitionKey: string }) => {
        if (record.text().startsWith('no key')) return undefined;
        if (record.text().startsWith('throws')) throw new TypeError('no such field');
        return record.partitionKey;
      },
    });
    await stream.put([
      { key: 'a', data: '{"n":1}' },
      { key: 'a', data: 'no key' },
      { key: 'a', data: 'throws' },
      { key: 'a', data: '{"n":2}' },
      { key: 'b', data: 'this is not JSON' },
    ]);
    await it.start();
    await eventually(async () => {
      const status = await it.status(name);
      return status.quarantined === 2 && status.lanes.blocked === 1;
    });
    await eventually(() => ledger.count === 2);
    expect(ledger.of('a')).toEqual([1, 2]);
    expect((await it.view(name, 'b')).phase).toMatchObject({ state: 'blocked', failure: { type: 'UndecodableError' } });
  });

  test('O11 retry and skip by the stock temporal command line', async () => {
    const ledger = new Ledger();
    let fixed = false;
    const it = await open(1, (event) => {
      const { n } = event.json();
      if (!fixed || n === 2) throw new NonRetryableError('not yet');
      ledger.note(event.key, n);
    });
    await stream.put([1, 2, 3].map((n) => ({ key: 'order-42', data: JSON.stringify({ n }) })));
    await it.start();
    await eventually(async () => (await it.status(name)).lanes.blocked === 1);
    const { address, binary } = devServer();
    const signal = (...more: string[]) =>
      run(binary, ['workflow', 'signal', '--address', address, '--workflow-id', `${name}:order-42`, ...more]);
    fixed = true;
    await signal('--name', 'retry');
    await eventually(async () => (await it.view(name, 'order-42')).head?.position !== undefined && ledger.count === 1);
    await eventually(async () => (await it.view(name, 'order-42')).phase.state === 'blocked');
    await signal('--name', 'skip', '--input', '{"by": "ann", "reason": "a test order"}');
    await eventually(() => ledger.count === 2);
    expect(ledger.of('order-42')).toEqual([1, 3]);
    const { decisions } = await it.view(name, 'order-42');
    expect(decisions).toMatchObject([
      { verb: 'retry', outcome: 'done', by: 'unknown' },
      { verb: 'skip', outcome: 'done', by: 'ann', reason: 'a test order' },
    ]);
  });

  test('O4 a start at LATEST reads what is written from then on, also when it was written while nothing ran', async () => {
    const ledger = new Ledger();
    name = uniqueName();
    stream = await KinesisStream.create(emulator.endpoint, name, 1);
    await stream.put([{ key: 'a', data: '{"n":0}' }]);
    // Arrival times have a resolution of milliseconds, and the point in time must lie behind the record.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const source = kinesis({ stream: name, endpoint: emulator.endpoint, startAt: 'LATEST' });
    const handler: Handler = (event) => ledger.note(event.key, event.json().n);
    keylane = await Keylane.create({ pipelines: { [name]: { source, handler } } });
    const started = keylane.start();
    await eventually(async () => (await keylane?.status(name))?.state === 'reading');
    await stream.put([{ key: 'a', data: '{"n":1}' }]);
    await started;
    await eventually(() => ledger.count === 1, 60_000);
    await keylane.stop();
    await stream.put([{ key: 'a', data: '{"n":2}' }]);
    await keylane.start();
    await eventually(() => ledger.count === 2, 60_000);
    expect(ledger.of('a')).toEqual([1, 2]);
  });
});
