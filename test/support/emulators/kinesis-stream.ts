import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  type Shard,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { setTimeout as delay } from 'node:timers/promises';
import { EMULATOR_CREDENTIALS, EMULATOR_REGION } from './credentials.ts';

const RECORDS_PER_REQUEST = 500;
const POLL_MS = 20;

/** A stream of an emulator from the producer's and the owner's side. */
export class KinesisStream {
  readonly name: string;
  readonly #client: KinesisClient;

  private constructor(client: KinesisClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Creates it and waits until it is active. */
  static async create(endpoint: string, name: string, shards = 1): Promise<KinesisStream> {
    const client = new KinesisClient({
      endpoint,
      region: EMULATOR_REGION,
      credentials: EMULATOR_CREDENTIALS,
      // HTTP/2, the SDK's default, ends the process on these servers.
      requestHandler: new NodeHttpHandler(),
    });
    const stream = new KinesisStream(client, name);
    await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
    await stream.untilActive();
    return stream;
  }

  async arn(): Promise<string> {
    const { StreamDescriptionSummary } = await this.#client.send(
      new DescribeStreamSummaryCommand({ StreamName: this.name }),
    );
    return StreamDescriptionSummary?.StreamARN ?? '';
  }

  /** Puts records in order, each request after the one before. */
  async put(records: readonly { readonly key: string; readonly data: string | Uint8Array }[]): Promise<void> {
    for (let at = 0; at < records.length; at += RECORDS_PER_REQUEST) {
      const { FailedRecordCount = 0 } = await this.#client.send(
        new PutRecordsCommand({
          StreamName: this.name,
          Records: records.slice(at, at + RECORDS_PER_REQUEST).map(({ key, data }) => ({
            PartitionKey: key,
            Data: typeof data === 'string' ? Buffer.from(data) : data,
          })),
        }),
      );
      if (FailedRecordCount > 0) throw new Error(`${FailedRecordCount} records were refused by ${this.name}`);
    }
  }

  /** Splits an open shard in the middle of its hash range and waits until that is done. */
  async split(shardId: string): Promise<void> {
    const shard = (await this.shards()).find(({ ShardId }) => ShardId === shardId);
    const { StartingHashKey = '0', EndingHashKey = '0' } = shard?.HashKeyRange ?? {};
    const middle = (BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n + 1n;
    await this.#client.send(
      new SplitShardCommand({ StreamName: this.name, ShardToSplit: shardId, NewStartingHashKey: String(middle) }),
    );
    await this.untilActive();
  }

  /** Merges two open neighbours and waits until that is done. */
  async merge(shardId: string, adjacentShardId: string): Promise<void> {
    await this.#client.send(
      new MergeShardsCommand({
        StreamName: this.name,
        ShardToMerge: shardId,
        AdjacentShardToMerge: adjacentShardId,
      }),
    );
    await this.untilActive();
  }

  async delete(): Promise<void> {
    await this.#client.send(new DeleteStreamCommand({ StreamName: this.name }));
  }

  /** Deletes it and creates another one of its name. */
  async recreate(shards = 1): Promise<void> {
    await this.delete();
    // Shards are numbered by the second of their creation. AWS takes longer than that to delete a stream.
    await delay(1000);
    for (;;) {
      try {
        await this.#client.send(new CreateStreamCommand({ StreamName: this.name, ShardCount: shards }));
        break;
      } catch (error) {
        // The old one is still being deleted.
        if (!(error instanceof Error) || error.name !== 'ResourceInUseException') throw error;
        await delay(POLL_MS);
      }
    }
    await this.untilActive();
  }

  async shards(): Promise<readonly Shard[]> {
    const { Shards = [] } = await this.#client.send(new ListShardsCommand({ StreamName: this.name }));
    return Shards;
  }

  async untilActive(): Promise<void> {
    for (;;) {
      const { StreamDescriptionSummary } = await this.#client.send(
        new DescribeStreamSummaryCommand({ StreamName: this.name }),
      );
      if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return;
      await delay(POLL_MS);
    }
  }

  close(): void {
    this.#client.destroy();
  }
}
