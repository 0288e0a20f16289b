import { createHash } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { Fault } from '../faults.ts';
import { readIterator, writeIterator } from '../iterators.ts';
import type { Input } from '../input.ts';
import { readPage } from '../shard-pages.ts';
import type { World } from '../world.ts';
import type { ChangeEntry, DynamodbShard } from './shard.ts';
import type { FakeTableStream } from './table-stream.ts';

const ITERATOR_LIVES_MS = 15 * 60_000;
const MAX_RECORDS = 1000;
const MAX_PAGE_BYTES = 1024 * 1024;

/** The part of a token before `|1|` is the stream's ARN, as with AWS. */
const TOKEN = /^[^|]+\|1\|(.+)$/;

export function shardIdOfIterator(token: string): string | undefined {
  return readIterator(TOKEN.exec(token)?.[1])?.shardId;
}

export function getShardIterator(stream: FakeTableStream, input: Input, { clock }: World): object {
  const shardId = input.ShardId ?? '';
  const shard = stream.shard(shardId);
  if (shard === undefined) throw missingShard(stream, shardId);
  const place = startOf(shard, input);
  const state = { stream: stream.arn, shardId: shard.id, place, issuedAt: clock.now(), trailing: 0 };
  return { ShardIterator: tokenOf(stream, writeIterator(state)) };
}

export function getRecords(
  streamOf: (arn: string) => FakeTableStream,
  input: Input,
  world: World,
  twist: Fault | undefined,
): object {
  const { clock, limits } = world;
  const iterator = readIterator(TOKEN.exec(input.ShardIterator ?? '')?.[1]);
  if (iterator === undefined) throw new AwsError('ValidationException', 'Invalid ShardIterator');
  const stream = streamOf(iterator.stream);
  const shard = stream.shard(iterator.shardId);
  if (clock.now() - iterator.issuedAt > ITERATOR_LIVES_MS) {
    throw new AwsError('ExpiredIteratorException', 'The shard iterator has expired: it was valid for 15 minutes.');
  }
  if (shard === undefined || iterator.place < shard.log.horizon) throw trimmed(iterator.shardId);
  const records = input.Limit ?? MAX_RECORDS;
  if (!(records >= 1 && records <= MAX_RECORDS)) {
    throw new AwsError('ValidationException', `Limit ${records} is not within 1 and ${MAX_RECORDS}`);
  }
  const meter = `read/${stream.arn}/${shard.id}`;
  if (!limits.admits(meter, limits.settings.dynamodbCallsPerShard)) {
    throw new AwsError('LimitExceededException', `There are too many readers of shard ${shard.id}`);
  }
  const page = readPage(shard, iterator, { records, bytes: MAX_PAGE_BYTES }, world, twist?.kind === 'emptyPage');
  return {
    Records: page.entries.map((entry) => wireRecord(stream, entry, world.region)),
    ...(page.next === undefined ? {} : { NextShardIterator: tokenOf(stream, writeIterator(page.next)) }),
  };
}

function startOf(shard: DynamodbShard, input: Input): number {
  const type = input.ShardIteratorType;
  if (type === 'TRIM_HORIZON') return shard.log.horizon;
  if (type === 'LATEST') return shard.log.end;
  if (type !== 'AT_SEQUENCE_NUMBER' && type !== 'AFTER_SEQUENCE_NUMBER') {
    throw new AwsError('ValidationException', `ShardIteratorType ${type} is unknown`);
  }
  const text = input.SequenceNumber ?? '';
  if (!/^\d{21,40}$/.test(text)) throw new AwsError('ValidationException', `Invalid SequenceNumber ${text}`);
  const sequence = BigInt(text);
  if (shard.log.isTrimmed(sequence)) throw trimmed(shard.id);
  if (sequence < shard.starting || sequence > (shard.ending ?? sequence)) {
    throw new AwsError('ValidationException', `SequenceNumber ${text} is not of shard ${shard.id}`);
  }
  return shard.log.placeOf(type === 'AT_SEQUENCE_NUMBER' ? sequence : sequence + 1n);
}

function wireRecord({ options, arn }: FakeTableStream, entry: ChangeEntry, region: string): object {
  const { keys, newImage, oldImage } = entry;
  return {
    eventID: createHash('md5').update(`${arn} ${entry.sequence}`).digest('hex'),
    eventName: entry.name,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      // Rounded down to the second, as AWS does.
      ApproximateCreationDateTime: Math.floor(entry.arrivedAt / 1000),
      Keys: keys,
      ...(newImage === undefined ? {} : { NewImage: newImage }),
      ...(oldImage === undefined ? {} : { OldImage: oldImage }),
      SequenceNumber: String(entry.sequence),
      SizeBytes: entry.size,
      StreamViewType: options.viewType,
    },
    ...(entry.expired ? { userIdentity: { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' } } : {}),
  };
}

function tokenOf(stream: FakeTableStream, state: string): string {
  return `${stream.arn}|1|${state}`;
}

function trimmed(shardId: string): AwsError {
  const message = `The operation attempted to read past the oldest stream record in a shard: ${shardId}`;
  return new AwsError('TrimmedDataAccessException', message);
}

function missingShard({ arn }: FakeTableStream, shardId: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: Shard ${shardId} of ${arn}`);
}
