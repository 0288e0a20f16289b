import { AwsError } from '../aws-error.ts';
import type { Fault } from '../faults.ts';
import { type IteratorState, readIterator, writeIterator } from '../iterators.ts';
import type { Input } from '../input.ts';
import { readPage } from '../shard-pages.ts';
import type { World } from '../world.ts';
import type { KinesisEntry, KinesisShard } from './shard.ts';
import type { FakeKinesisStream } from './stream.ts';

const ITERATOR_LIVES_MS = 5 * 60_000;
const MAX_RECORDS = 10_000;
const MAX_PAGE_BYTES = 10 * 1024 * 1024;
/** How long a page of 10 MiB throttles its shard. */
const FULL_PAGE_BLOCKS_MS = 5000;

export function getShardIterator(stream: FakeKinesisStream, input: Input, { clock, limits, manners }: World): object {
  const shardId = input.ShardId ?? '';
  const shard = stream.shard(shardId);
  if (shard === undefined) throw stream.missing(shardId);
  if (!limits.admits(`iterator/${stream.name}/${shard.id}`, limits.settings.kinesisCallsPerShard)) {
    throw rateExceeded(stream, shard);
  }
  const trimmed = isTrimmed(shard, input);
  if (trimmed && manners.trimmedStart === 'refused') throw notOfThisStream(stream, shard, input);
  const state: IteratorState = {
    stream: stream.name,
    shardId: shard.id,
    place: trimmed ? shard.log.horizon : startOf(stream, shard, input, clock.now()),
    issuedAt: clock.now(),
    trailing: 0,
  };
  const stuck = trimmed && manners.trimmedStart === 'emptyPages';
  return { ShardIterator: writeIterator(stuck ? { ...state, stuck } : state) };
}

export function getRecords(
  streamOf: (name: string) => FakeKinesisStream,
  input: Input,
  world: World,
  twist: Fault | undefined,
): object {
  const { clock, limits } = world;
  const iterator = readIterator(input.ShardIterator);
  if (iterator === undefined) throw invalid('Invalid ShardIterator.');
  requireFresh(iterator, clock.now());
  const stream = streamOf(iterator.stream);
  const shard = stream.shard(iterator.shardId);
  if (shard === undefined) throw stream.missing(iterator.shardId);
  const records = input.Limit ?? MAX_RECORDS;
  if (!(records >= 1 && records <= MAX_RECORDS)) throw invalid(`Limit ${records} is not within 1 and ${MAX_RECORDS}.`);
  const meter = `read/${stream.name}/${shard.id}`;
  if (!limits.admits(meter, limits.settings.kinesisCallsPerShard)) throw rateExceeded(stream, shard);
  const page = readPage(shard, iterator, { records, bytes: MAX_PAGE_BYTES }, world, twist?.kind === 'emptyPage');
  limits.read(meter, page.bytes, limits.settings.kinesisBytesPerShard);
  if (twist?.kind === 'fullPage') limits.block(meter, FULL_PAGE_BLOCKS_MS);
  const rest = page.next === undefined ? undefined : shard.log.at(Math.max(page.next.place, shard.log.horizon));
  const behind = rest === undefined ? 0 : Math.max(0, clock.now() - rest.arrivedAt);
  return {
    Records: page.entries.map(wireRecord),
    MillisBehindLatest: iterator.stuck ? stream.retentionMs : behind,
    ...(page.next === undefined ? {} : { NextShardIterator: writeIterator(page.next) }),
    ...(page.next === undefined && twist?.kind !== 'childless' ? { ChildShards: childShards(stream, shard) } : {}),
  };
}

function startOf(stream: FakeKinesisStream, shard: KinesisShard, input: Input, now: number): number {
  switch (input.ShardIteratorType ?? '') {
    case 'TRIM_HORIZON':
      return shard.log.horizon;
    case 'LATEST':
      return shard.log.end;
    case 'AT_SEQUENCE_NUMBER':
      return shard.log.placeOf(startingNumber(stream, shard, input));
    case 'AFTER_SEQUENCE_NUMBER':
      return shard.log.placeOf(startingNumber(stream, shard, input) + 1n);
    case 'AT_TIMESTAMP': {
      const time = (input.Timestamp ?? Number.NaN) * 1000;
      if (Number.isNaN(time))
        throw invalid('Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.');
      if (time <= now) return shard.log.placeAt(Math.round(time));
      throw invalid('The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.');
    }
    default:
      throw new AwsError('ValidationException', `ShardIteratorType ${input.ShardIteratorType} is unknown.`);
  }
}

function startingNumber(stream: FakeKinesisStream, shard: KinesisShard, input: Input): bigint {
  const text = input.StartingSequenceNumber ?? '';
  const number = /^\d{1,129}$/.test(text) ? BigInt(text) : -1n;
  const last = shard.ending ?? shard.log.at(shard.log.end - 1)?.sequence ?? shard.starting;
  if (number < shard.starting || number > last) throw notOfThisStream(stream, shard, input);
  return number;
}

function isTrimmed(shard: KinesisShard, { ShardIteratorType, StartingSequenceNumber = '' }: Input): boolean {
  if (ShardIteratorType !== 'AT_SEQUENCE_NUMBER' && ShardIteratorType !== 'AFTER_SEQUENCE_NUMBER') return false;
  if (!/^\d+$/.test(StartingSequenceNumber)) return false;
  const number = BigInt(StartingSequenceNumber);
  return number >= shard.starting && shard.log.isTrimmed(number);
}

function requireFresh({ issuedAt }: IteratorState, now: number): void {
  if (now - issuedAt <= ITERATOR_LIVES_MS) return;
  const [created, current] = [new Date(issuedAt).toUTCString(), new Date(now).toUTCString()];
  throw new AwsError(
    'ExpiredIteratorException',
    `Iterator expired. The iterator was created at time ${created} while right now it is ${current} which is further in the future than the tolerated delay of ${ITERATOR_LIVES_MS} milliseconds.`,
  );
}

function wireRecord(entry: KinesisEntry): object {
  return {
    SequenceNumber: String(entry.sequence),
    ApproximateArrivalTimestamp: entry.arrivedAt / 1000,
    Data: Buffer.from(entry.data).toString('base64'),
    PartitionKey: entry.partitionKey,
  };
}

function childShards(stream: FakeKinesisStream, shard: KinesisShard): object[] {
  return stream.childrenOf(shard.id).map((child) => ({
    ShardId: child.id,
    ParentShards: child.parents,
    HashKeyRange: child.listed().HashKeyRange,
  }));
}

function rateExceeded(stream: FakeKinesisStream, shard: KinesisShard): AwsError {
  const message = `Rate exceeded for shard ${shard.id} in stream ${stream.name}`;
  return new AwsError('ProvisionedThroughputExceededException', message);
}

function notOfThisStream(stream: FakeKinesisStream, shard: KinesisShard, input: Input): AwsError {
  return invalid(
    `StartingSequenceNumber ${input.StartingSequenceNumber} used in GetShardIterator on shard ${shard.id} in stream ${stream.name} is invalid because it did not come from this stream.`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
