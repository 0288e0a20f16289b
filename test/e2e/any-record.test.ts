/**
 * Records of any kind on the whole way, from the page to the handler, on emulators and a real Temporal server, in both
 * hostings: what is wrong with one record is its own affair, and every other record is handled with the bytes that were sent.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decideWithData } from '../../operations/decisions/replace.ts';
import { quarantineView } from '../../operations/quarantine/quarantine-view.ts';
import { dynamodb, kinesis } from '../../contracts/public/source-config.ts';
import { folder } from '../../contracts/public/store-config.ts';
import { encodeEventData } from '../../contracts/event/data-codec.ts';
import {
  DynamodbTable,
  EMULATOR_ENV,
  KinesisStream,
  startDynamodbLocal,
  startKinesalite,
  type Server,
} from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTINGS, hostings, type Hosting } from '../support/hostings.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { putRawItem } from '../support/emulators/raw-item.ts';
import { frame } from '../unit/sources/kinesis/aggregate-encoder.ts';

/** Names that every object has, and texts that look like others when they are cut, folded, normalised or encoded. */
const ODD_TEXTS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '~0123456789abcdef0123456789abcdef',
  ' ',
  'a ',
  'a',
  'A',
  'é',
  'e\u0301',
  '\u0000',
  '\u0085',
  '\u200b',
  '\ufeff',
  '\ufffd',
  'ß',
  '💥',
  "x'; touch pwned; '",
  'x\ny',
  '%2e%2e/',
  '..',
  'x'.repeat(256),
];
const SEED = 20_261_129;

function sample<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { numRuns: count, seed: SEED });
}

interface Handled {
  readonly key: string;
  readonly data: Buffer;
}

let kinesalite: Server;
let dynamodbLocal: Server;
let keylane: Keylane | undefined;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  [kinesalite, dynamodbLocal] = await Promise.all([startKinesalite({ shardLimit: 200 }), startDynamodbLocal()]);
});
afterAll(async () => {
  await Promise.all([kinesalite.stop(), dynamodbLocal.stop()]);
});

describe.each(hostings)('%s hosting', (hosting: Hosting) => {
  test('O1 O3 O4 O8 any key, any bytes and any JSON from Kinesis (faults D1, D5, D7)', async () => {
    const stream = await KinesisStream.create(kinesalite.endpoint, uniqueName(), 1);
    const handled: Handled[] = [];
    const name = uniqueName();
    keylane = await Keylane.create({
      pipelines: {
        [name]: {
          source: kinesis({ stream: stream.name, endpoint: kinesalite.endpoint }),
          // The first line says what the key is, in JSON, which has a form for half a surrogate pair.
          key: (record) =>
            record.partitionKey === 'by line' ? JSON.parse(record.text().split('\n')[0]!) : record.partitionKey,
          handler: ({ data, key }) => {
            handled.push({ key, data: Buffer.from(data) });
          },
          ...HOSTINGS[hosting],
        },
      },
    });
    try {
      const unit = fc.constantFrom('a', 'A', '\u0000', '\ud83d', '\ude00', '\ufffd', 'é', '/', ':', '~');
      const line = fc.oneof(
        fc.constantFrom(...ODD_TEXTS),
        fc.array(unit, { minLength: 1, maxLength: 3 }).map((units) => units.join('')),
      );
      const byLine = sample(line, 150).map((key) => ({ key, data: Buffer.from(`${JSON.stringify(key)}\nrest`) }));
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 100 }).map((each) => Buffer.from(each)),
        fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        fc
          .tuple(fc.jsonValue(), fc.constantFrom(0, 1))
          .map(([value, space]) => Buffer.from(JSON.stringify(value, null, space))),
        fc
          .constantFrom(
            '{"id":1970670598291982290,"price":1.10,"a":1,"a":2}',
            '{"__proto__":{"__proto__":1},"constructor":{"prototype":2}}',
            `${'['.repeat(5000)}${']'.repeat(5000)}`,
          )
          .map((text) => Buffer.from(text)),
      );
      const plain = sample(fc.tuple(fc.constantFrom(...ODD_TEXTS), bytes), 150).map(([key, data]) => ({ key, data }));
      const broken = [frame([]), frame([[0x1a, 0x02, 0x08]]), frame([[0x0b]])].map((data) => ({ key: 'a', data }));
      await stream.put([...byLine.map(({ data }) => ({ key: 'by line', data })), ...plain, ...broken]);
      await keylane.start();
      const wellFormed = byLine.filter(({ key }) => key.isWellFormed());
      const expected = [...wellFormed, ...plain];
      const setApart = byLine.length - wellFormed.length + broken.length;
      expect(setApart).toBeGreaterThan(broken.length + 5);
      await eventually(() => handled.length >= expected.length, 60_000);
      const { client } = keylane;
      await eventually(async () => (await quarantineView(client, name)).count === setApart, 20_000);
      for (const key of new Set(expected.map((each) => each.key))) {
        const of = (list: readonly Handled[]) =>
          list.filter((each) => each.key === key).map(({ data }) => data.toString('hex'));
        expect([key, of(handled)]).toEqual([key, of(expected)]);
      }
      expect(handled).toHaveLength(expected.length);
      expect((await keylane.status(name)).lanes.blocked).toBe(0);
    } finally {
      await keylane.close();
      stream.close();
    }
  });

  test('O1 O3 O4 O8 any item from DynamoDB, with any names and keys (faults D1, D2)', async () => {
    const table = await DynamodbTable.create(dynamodbLocal.endpoint, uniqueName());
    const seen = new Map<string, { readonly image: string; readonly own: string }>();
    const name = uniqueName();
    keylane = await Keylane.create({
      pipelines: {
        [name]: {
          source: dynamodb({ table: table.name, endpoint: dynamodbLocal.endpoint }),
          handler: (event) => {
            const { keys, newImage } = event.change!;
            expect(keys).toEqual({ id: event.key });
            const { dynamodb: record } = event.json() as { readonly dynamodb: { readonly NewImage: object } };
            seen.set(event.key, { image: sorted(record.NewImage), own: Object.keys(newImage!).toSorted().join() });
          },
          retry: { maxAttempts: 1 },
          ...HOSTINGS[hosting],
        },
      },
    });
    try {
      const items = sample(item, 40).map((fields, index) => {
        const id = ODD_TEXTS[index] ?? `item-${index}`;
        return { id, json: `{"id":{"S":${JSON.stringify(id)}}${fields === '' ? '' : `,${fields}`}}` };
      });
      for (const { json } of items) await putRawItem(dynamodbLocal.endpoint, table.name, json);
      await keylane.start();
      await eventually(() => seen.size >= items.length, 60_000);
      for (const { id, json } of items) {
        const image = JSON.parse(json) as object;
        expect([id, seen.get(id)]).toEqual([id, { image: sorted(image), own: Object.keys(image).toSorted().join() }]);
      }
      expect((await keylane.status(name)).lanes.blocked).toBe(0);
    } finally {
      await keylane.close();
      table.close();
    }
  });

  test('O5 O8 new data larger than a lane carries goes through the store, and a refused one leaves nothing there (fault D4)', async () => {
    const stream = await KinesisStream.create(kinesalite.endpoint, uniqueName(), 1);
    const handled: number[] = [];
    const place = await mkdtemp(join(tmpdir(), 'keylane-'));
    const name = uniqueName();
    keylane = await Keylane.create({
      pipelines: {
        [name]: {
          source: kinesis({ stream: stream.name, endpoint: kinesalite.endpoint }),
          handler: ({ data }) => {
            if (data.length < 100) throw new Error('too little');
            handled.push(data.length);
          },
          retry: { maxAttempts: 1 },
          largeEvents: { store: folder(place) },
          ...HOSTINGS[hosting],
        },
      },
    });
    try {
      await stream.put([{ key: '__proto__', data: 'x' }]);
      await keylane.start();
      const { client, settings } = keylane;
      const view = () => keylane!.view(name, '__proto__').catch(() => undefined);
      await eventually(async () => (await view())?.phase.state === 'blocked', 20_000);
      const pools = hosting === 'pooled' ? HOSTINGS.pooled.pools.count : undefined;
      const { largeEvents } = settings.pipelines.get(name)!;
      const replace = async (bytes: number, more: { readonly position?: string } = {}) => {
        const encoded = encodeEventData(Buffer.from('"'.repeat(bytes)));
        const verdict = { pipeline: name, key: '__proto__', verb: 'replace', pools } as const;
        return await decideWithData(client, { ...verdict, args: { ...encoded, ...more } }, largeEvents);
      };
      await expect(replace(3_000_000, { position: 'shardId-000000000000:1' })).rejects.toThrow(/passed|not arrived/);
      await expect(
        decideWithData(
          client,
          { pipeline: name, key: '__proto__', verb: 'replace', pools, args: { text: '"'.repeat(3_000_000) } },
          { ...largeEvents, store: undefined },
        ),
      ).rejects.toThrow(/6,000,0.. bytes in Temporal, and may take 1 MiB/);
      expect(await filesIn(place)).toEqual([]);
      expect(await replace(3_000_000)).toMatchObject({ outcome: 'done' });
      await eventually(() => handled.length === 1, 20_000);
      expect(handled).toEqual([3_000_000]);
      // The lane gives up what has been handled.
      await eventually(async () => (await filesIn(place)).length === 0, 20_000);
    } finally {
      await keylane.close();
      stream.close();
    }
  });
});

async function filesIn(place: string): Promise<readonly string[]> {
  const found = await readdir(place, { recursive: true, withFileTypes: true });
  return found.filter((each) => each.isFile()).map((each) => each.name);
}

const attributeName = fc.constantFrom('__proto__', 'constructor', 'toString', 'a', 'é', 'x.y', "'", '💥');
const scalar = fc.constantFrom(
  '{"S":"__proto__"}',
  '{"S":"\\u0000"}',
  '{"N":"1970670598291982290"}',
  '{"N":"1.1"}',
  '{"B":"AP8="}',
  '{"BOOL":false}',
  '{"NULL":true}',
  '{"SS":["a","b"]}',
  '{"NS":["1","2.5"]}',
  '{"BS":["AP8="]}',
  '{"M":{}}',
  '{"L":[]}',
);
const value = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((list) => `{"L":[${list.join()}]}`) },
    { weight: 2, arbitrary: fieldsOf(tie('value')).map((fields) => `{"M":{${fields}}}`) },
  ),
})).value;
const item = fieldsOf(value);

function fieldsOf(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.tuple(attributeName, values), { maxLength: 3, selector: ([each]) => each })
    .map((fields) => fields.map(([each, inner]) => `${JSON.stringify(each)}:${inner}`).join());
}

/** JSON with the names, and what sets hold, in order. */
function sorted(given: unknown): string {
  if (typeof given !== 'object' || given === null) return JSON.stringify(given) ?? '';
  if (Array.isArray(given)) {
    const list = given.map(sorted);
    return `[${(given.every((each) => typeof each === 'string') ? list.toSorted() : list).join()}]`;
  }
  const fields = Object.entries(given).map(([each, inner]) => `${JSON.stringify(each)}:${sorted(inner)}`);
  return `{${fields.toSorted().join()}}`;
}
