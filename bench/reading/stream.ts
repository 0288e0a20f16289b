import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { setTimeout as delay } from 'node:timers/promises';

const BATCH = 500;
const KEYS = 1000;
const PAYLOAD_BYTES = 200;

/** Creates a stream and fills it, before any clock starts. */
export async function fillStream(name: string, shards: number, records: number): Promise<void> {
  const client = await createStream(name, shards);
  for (let from = 0; from < records; from += BATCH) {
    const Records = Array.from({ length: Math.min(BATCH, records - from) }, (_, index) => {
      const data = JSON.stringify({ n: from + index });
      return { PartitionKey: `key-${(from + index) % KEYS}`, Data: Buffer.from(data.padEnd(PAYLOAD_BYTES)) };
    });
    await client.send(new PutRecordsCommand({ StreamName: name, Records }));
  }
  client.destroy();
}

/** Returns the client with which it was done. */
async function createStream(name: string, shards: number): Promise<KinesisClient> {
  const client = new KinesisClient({ requestHandler: new NodeHttpHandler() });
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  for (;;) {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: name }));
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return client;
    await delay(50);
  }
}

/** Puts one record into each shard; its data say the number, and a key out of `keys`. */
export async function fillEachShard(name: string, shards: number, keys: number): Promise<void> {
  const client = await createStream(name, shards);
  const width = 2n ** 128n / BigInt(shards);
  for (let from = 0; from < shards; from += BATCH) {
    const Records = Array.from({ length: Math.min(BATCH, shards - from) }, (_, index) => {
      const n = from + index;
      const data = JSON.stringify({ key: `key-${n % keys}`, n });
      return { PartitionKey: 'any', ExplicitHashKey: String(BigInt(n) * width), Data: Buffer.from(data) };
    });
    await client.send(new PutRecordsCommand({ StreamName: name, Records }));
  }
  client.destroy();
}
