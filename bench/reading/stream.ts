import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { setTimeout as delay } from 'node:timers/promises';

const BATCH = 500;
const KEYS = 1000;
const PAYLOAD_BYTES = 200;

/** Creates a stream and fills it, before any clock starts. */
export async function fillStream(name: string, shards: number, records: number): Promise<void> {
  const client = await createStream(name, shards);
  const all = Array.from({ length: records }, (_, n) => ({
    PartitionKey: `key-${n % KEYS}`,
    Data: Buffer.from(JSON.stringify({ n }).padEnd(PAYLOAD_BYTES)),
  }));
  await putRecords(client, name, all);
  client.destroy();
}

/** In order. */
export async function putRecords(
  client: KinesisClient,
  name: string,
  records: readonly PutRecordsRequestEntry[],
): Promise<void> {
  for (let from = 0; from < records.length; from += BATCH) {
    await client.send(new PutRecordsCommand({ StreamName: name, Records: records.slice(from, from + BATCH) }));
  }
}

export function streamClient(): KinesisClient {
  // HTTP/2, the SDK's default, ends the process on the emulators.
  return new KinesisClient({ requestHandler: new NodeHttpHandler() });
}

/** Returns the client with which it was done. */
export async function createStream(name: string, shards: number): Promise<KinesisClient> {
  const client = streamClient();
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
