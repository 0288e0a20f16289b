import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
  type _Record,
} from '@aws-sdk/client-kinesis';
import type { StartPoint } from '../../contracts/pipeline.ts';
import { isRefusal, type ServiceCalls } from '../aws/service-calls.ts';
import { SourceUnavailableError } from '../errors.ts';
import { type IteratorPage, type ShardIterators, TrimmedError } from '../iterator-cursor.ts';
import type { SourceRecord } from '../source.ts';
import type { StreamId } from './stream-id.ts';

type IteratorStart = Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'>;

/** One shard of a data stream, read by GetShardIterator and GetRecords. */
export class KinesisShardIterators implements ShardIterators {
  readonly #client: KinesisClient;
  readonly #calls: ServiceCalls;
  readonly #stream: StreamId;
  readonly #shardId: string;

  constructor(client: KinesisClient, calls: ServiceCalls, stream: StreamId, shardId: string) {
    this.#client = client;
    this.#calls = calls;
    this.#stream = stream;
    this.#shardId = shardId;
  }

  async open(from: StartPoint, signal: AbortSignal): Promise<string> {
    const command = new GetShardIteratorCommand({ ...this.#stream, ShardId: this.#shardId, ...iteratorStart(from) });
    const asked = `GetShardIterator of shard ${this.#shardId}`;
    try {
      const answer = await this.#calls.run(asked, signal, (options) => this.#client.send(command, options));
      return answer.ShardIterator ?? '';
    } catch (error) {
      if (isRefusal(error, 'InvalidArgumentException')) throw refusedStart(error, from);
      throw error;
    }
  }

  async read(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    const command = new GetRecordsCommand({
      ShardIterator: iterator,
      ...('StreamARN' in this.#stream ? { StreamARN: this.#stream.StreamARN } : {}),
    });
    const asked = `GetRecords of shard ${this.#shardId}`;
    const page = await this.#calls.run(asked, signal, (options) => this.#client.send(command, options));
    return {
      records: (page.Records ?? []).map((record) => sourceRecord(this.#shardId, record)),
      nextIterator: page.NextShardIterator,
      lagMs: page.MillisBehindLatest,
    };
  }
}

function iteratorStart(from: StartPoint): IteratorStart {
  if (from.at === 'horizon') return { ShardIteratorType: 'TRIM_HORIZON' };
  if (from.at === 'time') return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(from.since) };
  const { sequenceNumber, subSequenceNumber } = from.position;
  // Of an aggregate only a part may have been read: it comes once more, and the cursor leaves that part out.
  const type = subSequenceNumber === undefined ? 'AFTER_SEQUENCE_NUMBER' : 'AT_SEQUENCE_NUMBER';
  return { ShardIteratorType: type, StartingSequenceNumber: sequenceNumber };
}

/** AWS has one answer for a place that it does not have: InvalidArgument. */
function refusedStart(refused: { source: string; message: string }, from: StartPoint): unknown {
  if (from.at === 'after') return new TrimmedError(refused.source, refused.message, { cause: refused });
  if (from.at === 'horizon') return refused;
  const since = new Date(from.since).toISOString();
  const message = `${refused.source}: reading begins at ${since}, and that lies ahead of the clock of AWS. It is asked again until then; if it should be over by now, set this machine's clock.`;
  return new SourceUnavailableError(refused.source, message, { cause: refused });
}

function sourceRecord(shardId: string, record: _Record): SourceRecord {
  return {
    position: { shardId, sequenceNumber: record.SequenceNumber ?? '' },
    arrivedAt: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
    partitionKey: record.PartitionKey ?? '',
    data: record.Data ?? new Uint8Array(),
  };
}
