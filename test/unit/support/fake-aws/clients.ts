import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand as GetChangesCommand,
  GetShardIteratorCommand as GetChangeIteratorCommand,
  type GetShardIteratorCommandInput as ChangeIteratorInput,
} from '@aws-sdk/client-dynamodb-streams';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { EMULATOR_CREDENTIALS, EMULATOR_REGION } from '../../../support/emulators/credentials.ts';

/** The SDK's clients as they are, but for its retries: each call is one call. */
function options(endpoint: string) {
  return {
    endpoint,
    region: EMULATOR_REGION,
    credentials: EMULATOR_CREDENTIALS,
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  };
}

export class Kinesis {
  readonly client: KinesisClient;
  readonly #stream: string;

  constructor(endpoint: string, stream: string) {
    this.client = new KinesisClient(options(endpoint));
    this.#stream = stream;
  }

  async iterator(
    shardId: string,
    start: Partial<GetShardIteratorCommandInput> = { ShardIteratorType: 'TRIM_HORIZON' },
  ): Promise<string> {
    const input = { StreamName: this.#stream, ShardId: shardId, ...start } as GetShardIteratorCommandInput;
    return (await this.client.send(new GetShardIteratorCommand(input))).ShardIterator!;
  }

  get(iterator: string, limit?: number) {
    return this.client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }));
  }

  async list(...filter: [] | [{ Type: 'AT_LATEST' | 'AT_TRIM_HORIZON' | 'AT_TIMESTAMP'; Timestamp?: Date }]) {
    const answer = await this.client.send(new ListShardsCommand({ StreamName: this.#stream, ShardFilter: filter[0] }));
    return (answer.Shards ?? []).map(({ ShardId }) => ShardId!);
  }

  /** The pages of a shard from the horizon to its end. */
  async pages(shardId: string): Promise<{ texts: string[]; isLast: boolean; children: string[] }[]> {
    const pages = [];
    let iterator: string | undefined = await this.iterator(shardId);
    while (iterator !== undefined) {
      const page: Awaited<ReturnType<Kinesis['get']>> = await this.get(iterator);
      iterator = page.NextShardIterator;
      const texts = (page.Records ?? []).map(({ Data }) => Buffer.from(Data!).toString());
      const children = (page.ChildShards ?? []).map(({ ShardId }) => ShardId!);
      pages.push({ texts, isLast: iterator === undefined, children });
    }
    return pages;
  }
}

export class Streams {
  readonly client: DynamoDBStreamsClient;

  constructor(endpoint: string) {
    this.client = new DynamoDBStreamsClient(options(endpoint));
  }

  async describe(arn: string, more: { Limit?: number; ExclusiveStartShardId?: string; childrenOf?: string } = {}) {
    const { childrenOf, ...paging } = more;
    const filter =
      childrenOf === undefined ? {} : { ShardFilter: { Type: 'CHILD_SHARDS', ShardId: childrenOf } as const };
    const answer = await this.client.send(new DescribeStreamCommand({ StreamArn: arn, ...paging, ...filter }));
    return answer.StreamDescription!;
  }

  async iterator(
    arn: string,
    shardId: string,
    start: Partial<ChangeIteratorInput> = { ShardIteratorType: 'TRIM_HORIZON' },
  ): Promise<string> {
    const input = { StreamArn: arn, ShardId: shardId, ...start } as ChangeIteratorInput;
    return (await this.client.send(new GetChangeIteratorCommand(input))).ShardIterator!;
  }

  get(iterator: string) {
    return this.client.send(new GetChangesCommand({ ShardIterator: iterator }));
  }

  /** Every record of a closed shard. */
  async readToEnd(arn: string, shardId: string) {
    const records = [];
    let iterator: string | undefined = await this.iterator(arn, shardId);
    while (iterator !== undefined) {
      const page: Awaited<ReturnType<Streams['get']>> = await this.get(iterator);
      records.push(...(page.Records ?? []));
      iterator = page.NextShardIterator;
    }
    return records;
  }
}
