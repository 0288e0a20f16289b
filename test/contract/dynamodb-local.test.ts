import { DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamRecordJson } from '../../contracts/public/change.ts';
import { HandlerEvent } from '../../contracts/public/record.ts';
import { SourceConfigurationError } from '../../sources/errors.ts';
import { openSource } from '../../sources/open.ts';
import type { Source, SourceRecord } from '../../sources/source.ts';
import {
  DynamodbTable,
  FaultProxy,
  type Server,
  startDynamodbLocal,
  type TableOptions,
} from '../support/emulators/index.ts';
import { putRawItem } from '../support/emulators/raw-item.ts';
import {
  describeSource,
  never,
  readRecords,
  readToEnd,
  type SourceUnderTest,
  useEmulatorEnvironment,
} from './source.contract.ts';

// Known to differ from AWS: one shard for ever, which neither rolls nor has a parent; sequence numbers count through
// the whole process; times are rounded down to the minute; a removal by time to live has the event name
// UNKNOWN_TO_SDK_VERSION and no principal; nothing is throttled. Lineage of DynamoDB Streams cannot be tried on it.
describeSource('DynamoDB Local', async () => setup(await startDynamodbLocal()));

let tables = 0;
const minute = 60_000;

describe('DynamoDB Local as the stream of a table', () => {
  let server: Server;
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    useEmulatorEnvironment();
    server = await startDynamodbLocal();
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await server.stop();
  });

  async function create(options?: TableOptions) {
    const table = await DynamodbTable.create(server.endpoint, nextTable(), options);
    const source = open(table.name, server.endpoint);
    closing.push(
      () => table.close(),
      () => source.close(),
    );
    return { table, source };
  }

  test("data is the record in Lambda's form, binary values in base64 at any depth", async () => {
    const { table, source } = await create();
    const bytes = Buffer.from([0, 255]);
    await table.put({ id: { S: 'a' }, n: { N: '123456789.12345678901234567890' } });
    await table.put({ id: { S: 'a' }, l: { L: [{ M: { deep: { B: bytes } } }] }, bs: { BS: [bytes] } });
    await table.delete({ id: { S: 'a' } });
    const records = await readRecords(source.openShard(await onlyShard(source), { at: 'horizon' }), 3);
    const [insert, modify, remove] = records.map(jsonOf);
    expect(insert).toEqual({
      eventID: expect.any(String) as string,
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'ddblocal',
      dynamodb: {
        ApproximateCreationDateTime: records[0]!.arrivedAt / 1000,
        Keys: { id: { S: 'a' } },
        NewImage: { id: { S: 'a' }, n: { N: '123456789.1234567890123456789' } },
        SequenceNumber: records[0]!.position.sequenceNumber,
        SizeBytes: expect.any(Number) as number,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
    const image = { id: { S: 'a' }, l: { L: [{ M: { deep: { B: 'AP8=' } } }] }, bs: { BS: ['AP8='] } };
    expect(modify).toMatchObject({ eventName: 'MODIFY', dynamodb: { NewImage: image } });
    expect(remove).toMatchObject({ eventName: 'REMOVE', dynamodb: { OldImage: image } });
    expect(remove?.dynamodb).not.toHaveProperty('NewImage');
  });

  test('attributes have the values that they have, whatever their names, also beside an empty map (faults D1, D2)', async () => {
    const { table, source } = await create();
    const odd = '{"__proto__":{"S":"top"},"constructor":{"M":{"__proto__":{"L":[{"M":{"__proto__":{"B":"AP8="}}}]}}}}';
    await putRawItem(server.endpoint, table.name, `{"id":{"S":"a"},${odd.slice(1)}`);
    await putRawItem(
      server.endpoint,
      table.name,
      '{"id":{"S":"b"},"list":{"L":[]},"map":{"M":{}},"in":{"L":[{"M":{}},{"L":[]}]}}',
    );
    await putRawItem(server.endpoint, table.name, `{"id":{"S":"__proto__"},"m":{"M":${odd}}}`);
    const records = await readRecords(source.openShard(await onlyShard(source), { at: 'horizon' }), 3);
    expect(records.map(({ partitionKey, problem }) => [partitionKey, problem])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['__proto__', undefined],
    ]);
    const images = records.map((record) => jsonOf(record).dynamodb.NewImage);
    expect(sorted(images[0])).toBe(sorted(JSON.parse(`{"id":{"S":"a"},${odd.slice(1)}`)));
    expect(images[1]).toEqual({ id: { S: 'b' }, list: { L: [] }, map: { M: {} }, in: { L: [{ M: {} }, { L: [] }] } });
    expect(sorted(images[2])).toBe(sorted(JSON.parse(`{"id":{"S":"__proto__"},"m":{"M":${odd}}}`)));
    for (const record of records) {
      expect(() => new HandlerEvent({ source: 'dynamodb', key: '', ...record }).change).not.toThrow();
    }
  });

  test.each([
    ['text', { hash: { name: 'id', type: 'S' } }, { id: { S: 'a|b' } }, 'a|b'],
    ['number', { hash: { name: 'id', type: 'N' } }, { id: { N: '1.50' } }, '1.5'],
    ['bytes', { hash: { name: 'id', type: 'B' } }, { id: { B: Buffer.from([0, 255]) } }, 'AP8='],
    [
      'hash and range',
      { hash: { name: 'id', type: 'S' }, range: { name: 'at', type: 'N' } },
      { at: { N: '7' }, id: { S: 'a|b' } },
      'a\\|b|7',
    ],
  ] as const)('the partition key is the key of the item: %s', async (_, keys, item, expected) => {
    const { table, source } = await create(keys);
    await table.put(item);
    const [record] = await readRecords(source.openShard(await onlyShard(source), { at: 'horizon' }), 1);
    expect(record?.partitionKey).toBe(expected);
  });

  test('a start at a time allows for times that are rounded down, and passes older records over', async () => {
    const { table, source } = await create();
    await table.put({ id: { S: 'a' } });
    const shardId = await onlyShard(source);
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    const since = record!.arrivedAt + minute;
    expect(await readRecords(source.openShard(shardId, { at: 'time', since }), 1)).toEqual([record]);
    const page = await source.openShard(shardId, { at: 'time', since: since + 1 }).next(never);
    expect(page).toEqual({ records: [], ended: false, skipped: 1 });
  });

  test('a removal by time to live is delivered, whatever it is called', async () => {
    const { table, source } = await create();
    await table.expireBy('until');
    await table.put({ id: { S: 'a' }, until: { N: String(Math.floor(Date.now() / 1000) - 3600) } });
    const cursor = source.openShard(await onlyShard(source), { at: 'horizon' });
    const records: SourceRecord[] = [];
    await expect
      .poll(async () => records.push(...(await cursor.next(never)).records), { timeout: 50_000, interval: 500 })
      .toBe(2);
    expect(records[1]).toMatchObject({ partitionKey: 'a' });
    expect(jsonOf(records[1]!).dynamodb.OldImage).toMatchObject({ id: { S: 'a' } });
  });

  test('a stream that is disabled is read to its end (case 7), then the one that is enabled after it', async () => {
    const { table, source } = await create();
    await table.put({ id: { S: 'a' } });
    const old = await onlyShard(source);
    await table.disableStream();
    expect(await source.listShards(never)).toEqual([{ shardId: old, parents: [], closed: true }]);
    expect(await readToEnd(source.openShard(old, { at: 'horizon' }))).toHaveLength(1);
    await enableStream(table.name, server.endpoint);
    await table.put({ id: { S: 'b' } });
    const shards = await source.listShards(never);
    expect(shards).toEqual([
      { shardId: old, parents: [], closed: true },
      { shardId: expect.any(String) as string, parents: [old], closed: false },
    ]);
    const [record] = await readRecords(source.openShard(shards[1]!.shardId, { at: 'horizon' }), 1);
    expect(record).toMatchObject({ partitionKey: 'b' });
  });

  test('O1 O2: of a table that was deleted and created again the old records come first, each keyed as its table was', async () => {
    const { table, source } = await create();
    await table.put({ id: { S: 'a' } });
    const old = await onlyShard(source);
    await table.recreate({ range: { name: 'at', type: 'N' } });
    await table.put({ id: { S: 'a' }, at: { N: '7' } });
    const shards = await source.listShards(never);
    expect(shards).toEqual([
      { shardId: old, parents: [], closed: true },
      { shardId: expect.any(String) as string, parents: [old], closed: false },
    ]);
    const before = await readToEnd(source.openShard(old, { at: 'horizon' }));
    const after = await readRecords(source.openShard(shards[1]!.shardId, { at: 'horizon' }), 1);
    expect(before.map(({ partitionKey }) => partitionKey)).toEqual(['a']);
    expect(after.map(({ partitionKey }) => partitionKey)).toEqual(['a|7']);
  });

  test('a table without a stream is for a person to mend', async () => {
    const { source } = await create({ stream: false });
    await expect(source.listShards(never)).rejects.toThrow(SourceConfigurationError);
    await expect(source.listShards(never)).rejects.toThrow(/has no stream/);
  });
});

function open(table: string, endpoint: string): Source {
  return openSource({ kind: 'dynamodb', table, endpoint });
}

async function enableStream(table: string, endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint });
  const StreamSpecification = { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } as const;
  await client.send(new UpdateTableCommand({ TableName: table, StreamSpecification }));
  client.destroy();
}

async function onlyShard(source: Source): Promise<string> {
  const [shard] = await source.listShards(never);
  return shard!.shardId;
}

function setup(server: Server): SourceUnderTest {
  return {
    async createStream() {
      const table = await DynamodbTable.create(server.endpoint, nextTable());
      const proxy = await FaultProxy.before(server.endpoint);
      const source = open(table.name, proxy.endpoint);
      return {
        source,
        proxy,
        async write(texts) {
          for (const text of texts) await table.put({ id: { S: 'key' }, text: { S: text } });
        },
        textOf: (record) => (jsonOf(record).dynamodb.NewImage as { text: { S: string } }).text.S,
        async close() {
          source.close();
          table.close();
          await proxy.stop();
        },
      };
    },
    openMissing: () => open('missing', server.endpoint),
    openUnreachable: () => open('any', 'http://127.0.0.1:1'),
    trimmed: { operation: 'GetShardIterator', error: 'TrimmedDataAccessException' },
    stop: () => server.stop(),
  };
}

function nextTable(): string {
  tables += 1;
  return `table-${tables}`;
}

function jsonOf(record: SourceRecord): StreamRecordJson {
  return JSON.parse(Buffer.from(record.data).toString()) as StreamRecordJson;
}

/** JSON with the names in order. */
function sorted(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  const fields = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${sorted(inner)}`);
  return `{${fields.toSorted().join()}}`;
}
