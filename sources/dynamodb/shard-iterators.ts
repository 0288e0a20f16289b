import {
  type _Record,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { StartPoint } from '../../contracts/pipeline.ts';
import { isRefusal, type ServiceCalls } from '../aws/service-calls.ts';
import { type IteratorPage, type ShardIterators, TrimmedError } from '../iterator-cursor.ts';
import type { SourceRecord } from '../source.ts';
import { canonicalItemKey } from './item-key.ts';
import { streamRecordJson } from './record-json.ts';
import type { DynamodbTableStream, TableStream } from './table-stream.ts';

const encoder = new TextEncoder();

/** One shard of a table's stream, read by GetShardIterator and GetRecords. */
export class DynamodbShardIterators implements ShardIterators {
  readonly #client: DynamoDBStreamsClient;
  readonly #calls: ServiceCalls;
  readonly #stream: DynamodbTableStream;
  readonly #shardId: string;

  constructor(client: DynamoDBStreamsClient, calls: ServiceCalls, stream: DynamodbTableStream, shardId: string) {
    this.#client = client;
    this.#calls = calls;
    this.#stream = stream;
    this.#shardId = shardId;
  }

  async open(from: StartPoint, signal: AbortSignal): Promise<string> {
    const { arn } = await this.#stream.find(signal);
    const command = new GetShardIteratorCommand({
      StreamArn: arn,
      ShardId: this.#shardId,
      // There is no AT_TIMESTAMP: the source has turned a time into the horizon, and the cursor passes records over.
      ...(from.at === 'after'
        ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: from.position.sequenceNumber }
        : { ShardIteratorType: 'TRIM_HORIZON' }),
    });
    const asked = `GetShardIterator of shard ${this.#shardId}`;
    const answer = await this.#run(asked, signal, (options) => this.#client.send(command, options));
    return answer.ShardIterator ?? '';
  }

  async read(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    const stream = await this.#stream.find(signal);
    const command = new GetRecordsCommand({ ShardIterator: iterator });
    const asked = `GetRecords of shard ${this.#shardId}`;
    const page = await this.#run(asked, signal, (options) => this.#client.send(command, options));
    return {
      records: (page.Records ?? []).map((record) => sourceRecord(this.#shardId, stream, record)),
      nextIterator: page.NextShardIterator,
    };
  }

  async #run<T>(asked: string, signal: AbortSignal, send: (options: { abortSignal: AbortSignal }) => Promise<T>) {
    try {
      return await this.#calls.run(asked, signal, send);
    } catch (error) {
      if (!isRefusal(error, 'TrimmedDataAccessException')) throw error;
      throw new TrimmedError(error.source, error.message, { cause: error.cause });
    }
  }
}

function sourceRecord(shardId: string, stream: TableStream, record: _Record): SourceRecord {
  const { Keys = {}, SequenceNumber = '', ApproximateCreationDateTime } = record.dynamodb ?? {};
  return {
    position: { shardId, sequenceNumber: SequenceNumber },
    arrivedAt: ApproximateCreationDateTime?.getTime() ?? 0,
    partitionKey: canonicalItemKey(Keys, stream.keySchema),
    data: encoder.encode(JSON.stringify(streamRecordJson(record))),
  };
}
