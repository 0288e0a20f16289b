import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import { isServiceError, type ServiceCalls } from '../aws/service-calls.ts';
import { SourceConfigurationError, type SourceError, SourceUnavailableError } from '../errors.ts';
import { ExpiredShardError, type IteratorPage, type ShardIterators, TrimmedError } from '../iterator-cursor.ts';
import { MissingShard } from '../missing-shard.ts';
import { MIN_INTERVAL_MS } from '../options.ts';
import type { KinesisShardList, ShardSighting } from './shard-list.ts';
import type { StreamId } from './stream-id.ts';
import type { KinesisSummary } from './stream-summary.ts';
import { userRecords } from './user-records.ts';

/** Access to a stream, shared by its shards. */
export interface StreamAccess {
  readonly client: KinesisClient;
  readonly calls: ServiceCalls;
  readonly stream: StreamId;
  readonly shards: KinesisShardList;
  readonly summary: KinesisSummary;
}

type IteratorStart = Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'>;

/** AWS allows this much to be read of a shard in a second, and enforces a wait after more: five seconds for 10 MiB. */
const BYTES_PER_SECOND = 2 * 1024 * 1024;

/** One shard of a data stream, read by GetShardIterator and GetRecords. */
export class KinesisShardIterators implements ShardIterators {
  /** Nothing else shows that a position was trimmed when AWS continues at the horizon instead, as it may. */
  readonly startIncluded = true;
  readonly #access: StreamAccess;
  readonly #shardId: string;
  /** Pages in a row without a next iterator and without child shards. */
  #childless = 0;
  readonly #missing = new MissingShard();

  constructor(access: StreamAccess, shardId: string) {
    this.#access = access;
    this.#shardId = shardId;
  }

  async open(from: StartPoint, signal: AbortSignal): Promise<string> {
    const { calls, client, shards, stream } = this.#access;
    const command = new GetShardIteratorCommand({ ...stream, ShardId: this.#shardId, ...iteratorStart(from) });
    const request = `GetShardIterator of shard ${this.#shardId}`;
    try {
      const answer = await calls.run(request, signal, (options) => client.send(command, options));
      return answer.ShardIterator ?? '';
    } catch (error) {
      await requireSameStream(error, from, shards, signal);
      if (isServiceError(error, 'InvalidArgumentException')) throw startRejected(error, from);
      throw await this.#notFound(error, signal);
    }
  }

  async read(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    const { calls, client, stream, shards } = this.#access;
    const command = new GetRecordsCommand({
      ShardIterator: iterator,
      ...('StreamARN' in stream ? { StreamARN: stream.StreamARN } : {}),
    });
    const request = `GetRecords of shard ${this.#shardId}`;
    try {
      const page = await calls.run(request, signal, (options) => client.send(command, options));
      this.#missing.found();
      const { records, misrouted } = await userRecords(this.#shardId, page.Records ?? [], () =>
        shards.hashKeysOf(this.#shardId, signal),
      );
      const cutShort = await this.#isCutShort(page, signal);
      return {
        records,
        misrouted,
        nextIterator: page.NextShardIterator,
        cutShort,
        lagMs: page.MillisBehindLatest,
        restMs: restAfter(page),
      };
    } catch (error) {
      throw await this.#notFound(error, signal);
    }
  }

  retentionMs(signal: AbortSignal): Promise<number> {
    return this.#access.summary.retentionMs(signal);
  }

  /**
   * The end of a shard is answered with its children. Without them the answer is incomplete, and the shard is read
   * again: only once when the listing shows it as closed too, since an emulator may never return children.
   * https://github.com/awslabs/dynamodb-streams-kinesis-adapter/issues/40
   */
  async #isCutShort(page: GetRecordsCommandOutput, signal: AbortSignal): Promise<boolean> {
    if (page.NextShardIterator !== undefined || (page.ChildShards ?? []).length > 0) return false;
    if (this.#childless > 0) {
      const state = await this.#access.shards.stateOf(this.#shardId, signal);
      if (state === 'closed' || state === 'expired') return false;
    }
    this.#childless += 1;
    return true;
  }

  /** Distinguishes an expired shard from one that is missing for a moment. Both are temporary errors for the caller. */
  async #notFound(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (!isServiceError(error, 'ResourceNotFoundException')) return error;
    return shardNotFound(error, this.#shardId, await this.#access.shards.lookFor(this.#shardId, signal), this.#missing);
  }
}

export function shardNotFound(
  { source, message }: SourceError,
  shardId: string,
  { hasEnded, state }: ShardSighting,
  missing: MissingShard,
): SourceUnavailableError {
  const cause = { cause: new Error(message) };
  const isGone = missing.notFound(hasEnded);
  if (isGone || state === 'expired')
    return new ExpiredShardError(source, `${source}: shard ${shardId} has expired.`, cause);
  const listing = state === 'unknown' ? 'is not listed (yet)' : `is listed as ${state}`;
  return new SourceUnavailableError(
    source,
    `${source}: shard ${shardId} is not found, and ${listing}. Retrying; if this persists, the stream may have been deleted and created again under its name: then start over with --start-over.`,
    cause,
  );
}

function iteratorStart(from: StartPoint): IteratorStart {
  if (from.at === 'horizon') return { ShardIteratorType: 'TRIM_HORIZON' };
  if (from.at === 'time') return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(from.since) };
  // At the position, not after it: the record that was read last proves that no later one has been trimmed, and only a
  // part of an aggregate may have been read. The cursor skips records that are not new.
  return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: from.position.sequenceNumber };
}

/** AWS has one answer for a position that does not exist, whether trimmed or in the future: InvalidArgument. */
export function startRejected(refused: SourceError, from: StartPoint): SourceError {
  if (from.at === 'after') return new TrimmedError(refused.source, refused.message, { cause: refused });
  if (from.at === 'horizon') return refused;
  const since = new Date(from.since).toISOString();
  const message = `${refused.source}: reading starts at ${since}, which is in the future by the clock of AWS. Retrying until then; if that time should have passed, set this machine's clock.`;
  return new SourceUnavailableError(refused.source, message, { cause: refused });
}

/**
 * Throws when the position was rejected because it belongs to another stream, which was deleted before this one was
 * created under its name. Checkpoints of that stream mean nothing here: continuing would treat shards as read that were
 * not (O4).
 * @throws {SourceError}
 */
export async function requireSameStream(
  refused: unknown,
  from: StartPoint,
  shards: KinesisShardList,
  signal: AbortSignal,
): Promise<void> {
  if (from.at !== 'after') return;
  // AWS returns the first, an emulator the second.
  if (!isServiceError(refused, 'InvalidArgumentException') && !isServiceError(refused, 'ResourceNotFoundException'))
    return;
  if (!(await shards.isOfFormerStream(from.position, signal))) return;
  const { source } = refused;
  const { shardId } = from.position;
  const message = `${source}: reading has reached ${formatPosition(from.position)}, but shard ${shardId} starts after that: the stream was deleted and created again under its name. Start over with --start-over, or give the pipeline another name. Unread records of the old stream are lost with it.`;
  throw new SourceConfigurationError(source, message, { cause: refused });
}

function restAfter({ Records = [] }: GetRecordsCommandOutput): number | undefined {
  const bytes = Records.reduce(
    (sum, { Data, PartitionKey = '' }) => sum + (Data?.length ?? 0) + PartitionKey.length,
    0,
  );
  const restMs = Math.ceil((bytes / BYTES_PER_SECOND) * 1000);
  return restMs > MIN_INTERVAL_MS ? restMs : undefined;
}
