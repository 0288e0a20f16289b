import {
  type _Record,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
} from '@aws-sdk/client-dynamodb-streams';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import type { Position } from '../../contracts/event/position.ts';
import { isServiceError, type ServiceCalls } from '../aws/service-calls.ts';
import { type SourceError, SourceUnavailableError } from '../errors.ts';
import { ExpiredShardError, type IteratorPage, type ShardIterators, TrimmedError } from '../iterator-cursor.ts';
import { MissingShard } from '../missing-shard.ts';
import type { SourceRecord } from '../source.ts';
import { canonicalItemKey } from './item-key.ts';
import { rawPageOf, withRawImages } from './raw-records.ts';
import { streamRecordJson } from './record-json.ts';
import type { DynamodbTableStream, TableStream } from './table-stream.ts';

type IteratorStart = Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'SequenceNumber'>;

const encoder = new TextEncoder();

/** A fixed value: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html */
export const RETENTION_MS = 24 * 3_600_000;

/** One shard of a table's stream, read by GetShardIterator and GetRecords. */
export class DynamodbShardIterators implements ShardIterators {
  /** A trimmed position is rejected, so there is nothing to prove. */
  readonly startIncluded = false;
  readonly #client: DynamoDBStreamsClient;
  readonly #calls: ServiceCalls;
  readonly #table: DynamodbTableStream;
  readonly #shardId: string;
  readonly #missing = new MissingShard();

  constructor(client: DynamoDBStreamsClient, calls: ServiceCalls, table: DynamodbTableStream, shardId: string) {
    this.#client = client;
    this.#calls = calls;
    this.#table = table;
    this.#shardId = shardId;
  }

  async open(from: StartPoint, signal: AbortSignal): Promise<string> {
    // There is no AT_TIMESTAMP: the source has replaced a time with the horizon, and the cursor skips records.
    return await this.#open(
      from.at === 'after'
        ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: from.position.sequenceNumber }
        : { ShardIteratorType: 'TRIM_HORIZON' },
      signal,
    );
  }

  /** An iterator that starts with the record at this position. */
  async openAt({ sequenceNumber }: Position, signal: AbortSignal): Promise<string> {
    return await this.#open({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber: sequenceNumber }, signal);
  }

  async #open(start: IteratorStart, signal: AbortSignal): Promise<string> {
    const { arn } = await this.#table.streamOf(this.#shardId, signal);
    const command = new GetShardIteratorCommand({ StreamArn: arn, ShardId: this.#shardId, ...start });
    const request = `GetShardIterator of shard ${this.#shardId}`;
    const answer = await this.#run(request, signal, (options) => this.#client.send(command, options));
    return answer.ShardIterator ?? '';
  }

  async read(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    const stream = await this.#table.streamOf(this.#shardId, signal);
    const command = new GetRecordsCommand({ ShardIterator: iterator });
    const request = `GetRecords of shard ${this.#shardId}`;
    const rawPage = rawPageOf(command);
    const page = await this.#run(request, signal, (options) => this.#client.send(command, options));
    this.#missing.found();
    const records = withRawImages(page.Records ?? [], rawPage());
    return {
      records: records.map((record) => sourceRecord(this.#shardId, stream, record)),
      nextIterator: page.NextShardIterator,
    };
  }

  retentionMs(): Promise<number> {
    return Promise.resolve(RETENTION_MS);
  }

  async #run<T>(request: string, signal: AbortSignal, send: (options: { abortSignal: AbortSignal }) => Promise<T>) {
    try {
      return await this.#calls.run(request, signal, send);
    } catch (error) {
      if (isServiceError(error, 'TrimmedDataAccessException')) {
        throw new TrimmedError(error.source, error.message, { cause: error.cause });
      }
      if (isServiceError(error, 'ResourceNotFoundException')) throw await this.#notFound(error, signal);
      throw error;
    }
  }

  /** These errors are temporary: the table was found, or the listing reports what is wrong with it. */
  async #notFound({ source, message }: SourceError, signal: AbortSignal): Promise<SourceUnavailableError> {
    const { hasEnded, state } = await this.#table.lookFor(this.#shardId, signal);
    const cause = { cause: new Error(message) };
    const isGone = this.#missing.notFound(hasEnded);
    if (isGone || state === 'expired') {
      return new ExpiredShardError(source, `${source}: shard ${this.#shardId} has expired.`, cause);
    }
    const listing = state === 'listed' ? 'is listed' : 'is not listed (yet)';
    return new SourceUnavailableError(
      source,
      `${source}: shard ${this.#shardId} is not found, and ${listing}. Retrying.`,
      cause,
    );
  }
}

function sourceRecord(shardId: string, stream: TableStream, record: _Record): SourceRecord {
  const { Keys = {}, SequenceNumber = '', ApproximateCreationDateTime } = record.dynamodb ?? {};
  const place = {
    position: { shardId, sequenceNumber: SequenceNumber },
    arrivedAt: ApproximateCreationDateTime?.getTime() ?? 0,
  };
  try {
    const partitionKey = canonicalItemKey(Keys, stream.keySchema);
    return { ...place, partitionKey, data: encoder.encode(JSON.stringify(streamRecordJson(record))) };
  } catch (error) {
    // A problem of this record only, not of later ones (O3).
    const problem = `This record of the stream cannot be read: ${String(error)}`;
    return { ...place, partitionKey: '', data: encoder.encode(textOf(record)), problem };
  }
}

/** As much of an unreadable record as can be written as JSON. */
function textOf(record: _Record): string {
  try {
    return JSON.stringify(record);
  } catch {
    return '';
  }
}
