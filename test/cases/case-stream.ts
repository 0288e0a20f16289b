/** A stream of either kind at the scripted fake, with what the cases need of both. */
import { dynamodb, kinesis } from '../../contracts/public/source-config.ts';
import type { Source } from '../../sources/source.ts';
import { KinesisSource } from '../../sources/kinesis/kinesis-source.ts';
import { openSource } from '../../sources/open.ts';
import type { ListedShard } from '../support/fake-aws/faults.ts';
import { FakeAws } from '../support/fake-aws/index.ts';
import { useEmulatorEnvironment } from '../contract/source.contract.ts';

export interface CaseStream {
  readonly fake: FakeAws;
  /** The operation that lists shards. */
  readonly listing: 'ListShards' | 'DescribeStream';
  /** As another process would. */
  open(): Source;
  /** Writes a record of the key. Returns its position as a lane tells it. */
  put(key: string): string;
  readonly openShards: readonly string[];
  /** What a true listing says by now. */
  listed(): readonly ListedShard[];
  /** Closes a shard that goes on in two. */
  split(shardId: string): void;
  close(): Promise<void>;
}

export interface CaseStreamOptions {
  /** @default 1 */
  readonly shards?: number;
}

/** Fewer than the cases have shards, so that listings have pages. DynamoDB has 100 on one. */
const SHARDS_PER_PAGE = 2;

/** With a number of shards that does not fit on a page. */
export const SOURCES = [
  ['Kinesis', startKinesis, 10],
  ['DynamoDB Streams', startDynamodb, 105],
] as const;

export async function startKinesis({ shards = 1 }: CaseStreamOptions = {}) {
  useEmulatorEnvironment();
  const fake = await FakeAws.start();
  const stream = fake.createStream('orders', { shards });
  const opened = openedBy(() => {
    const config = kinesis({ stream: 'orders', endpoint: fake.endpoint });
    return new KinesisSource(config, { shardsPerPage: SHARDS_PER_PAGE, now: () => fake.clock.now() });
  });
  return {
    fake,
    stream,
    listing: 'ListShards',
    open: opened.open,
    put: (key: string, explicitHashKey?: string) => {
      const [placed] = stream.put({ key, data: '{}', ...(explicitHashKey === undefined ? {} : { explicitHashKey }) });
      return nameOf(placed!);
    },
    get openShards() {
      return stream.openShards;
    },
    listed: () => stream.listing(),
    split: (shardId: string) => stream.split(shardId),
    close: async () => await opened.close(fake),
  } as const satisfies CaseStream & Record<string, unknown>;
}

export async function startDynamodb({ shards = 1 }: CaseStreamOptions = {}) {
  useEmulatorEnvironment();
  const fake = await FakeAws.start();
  const table = fake.createTable('orders', { shards, rollEveryMs: Infinity });
  const opened = openedBy(() =>
    openSource(dynamodb({ table: 'orders', endpoint: fake.endpoint }), { now: () => fake.clock.now() }),
  );
  let writes = 0;
  return {
    fake,
    table,
    listing: 'DescribeStream',
    open: opened.open,
    put: (key: string) => {
      writes += 1;
      return nameOf(table.put({ id: { S: key } }, { n: { N: String(writes) } })!);
    },
    get openShards() {
      return table.openShards;
    },
    listed: () => table.listing(),
    split: (shardId: string) => void table.split(shardId),
    close: async () => await opened.close(fake),
  } as const satisfies CaseStream & Record<string, unknown>;
}

function openedBy(open: () => Source) {
  const sources: Source[] = [];
  return {
    open: () => {
      const source = open();
      sources.push(source);
      return source;
    },
    close: async (fake: FakeAws) => {
      for (const source of sources) source.close();
      await fake.stop();
    },
  };
}

function nameOf({ shardId, sequenceNumber }: { readonly shardId: string; readonly sequenceNumber: string }): string {
  return `${shardId}:${sequenceNumber}`;
}
