import { AwsError } from '../aws-error.ts';
import type { Fault } from '../faults.ts';
import type { Input } from '../input.ts';
import { type FakeService, listingChange } from '../service.ts';
import type { World } from '../world.ts';
import { listingState, listShards } from './list-shards.ts';
import { putRecord, putRecords } from './put-records.ts';
import { getRecords, getShardIterator } from './read-shard.ts';
import { FakeKinesisStream, type StreamOptions } from './stream.ts';

/** The operations of Kinesis_20131202. It owns the streams. */
export class KinesisService implements FakeService {
  readonly kind = 'kinesis';
  readonly #world: World;
  readonly #streams = new Map<string, FakeKinesisStream>();

  constructor(world: World) {
    this.#world = world;
  }

  create(name: string, options?: StreamOptions): FakeKinesisStream {
    if (this.#streams.has(name)) throw new AwsError('ResourceInUseException', `Stream ${name} already exists.`);
    const stream = new FakeKinesisStream(name, this.#world, options);
    this.#streams.set(name, stream);
    return stream;
  }

  delete(name: string): void {
    this.stream(name);
    this.#streams.delete(name);
  }

  /** @throws {AwsError} when there is none */
  stream(name: string): FakeKinesisStream {
    const stream = this.#streams.get(name);
    if (stream !== undefined) return stream;
    const message = `Stream ${name} under account ${this.#world.account} not found.`;
    throw new AwsError('ResourceNotFoundException', message);
  }

  answer(operation: string, input: Input, twist: Fault | undefined): object {
    switch (operation) {
      case 'CreateStream':
        this.create(input.StreamName ?? '', { shards: input.ShardCount ?? 1 });
        return {};
      case 'DeleteStream':
        this.delete(this.#named(input).name);
        return {};
      case 'DescribeStreamSummary':
        return this.#summary(this.#named(input));
      case 'ListShards':
        return this.#listShards(input, twist);
      case 'GetShardIterator':
        return getShardIterator(this.#named(input), input, this.#world);
      case 'GetRecords':
        return getRecords((name) => this.stream(name), input, this.#world, twist);
      case 'PutRecord':
        return putRecord(this.#named(input), input);
      case 'PutRecords':
        return putRecords(this.#named(input), input);
      case 'SplitShard':
        this.#named(input).split(input.ShardToSplit ?? '', BigInt(input.NewStartingHashKey ?? 0));
        return {};
      case 'MergeShards':
        this.#named(input).merge(input.ShardToMerge ?? '', input.AdjacentShardToMerge ?? '');
        return {};
      case 'UpdateShardCount':
        return this.#updateShardCount(this.#named(input), input.TargetShardCount ?? 0);
      default:
        throw new AwsError('UnknownOperationException', `The fake has no Kinesis operation ${operation}`);
    }
  }

  #listShards(input: Input, twist: Fault | undefined): object {
    const { clock, limits } = this.#world;
    const state = listingState(input, nameOf(input), clock);
    const stream = this.stream(state.stream);
    if (!limits.admits(`list/${stream.name}`, limits.settings.kinesisListings)) {
      throw new AwsError('LimitExceededException', `Rate exceeded for stream ${stream.name}`);
    }
    return listShards(stream, state, input, clock, listingChange(twist));
  }

  #summary(stream: FakeKinesisStream): object {
    return {
      StreamDescriptionSummary: {
        StreamName: stream.name,
        StreamARN: stream.arn,
        StreamStatus: stream.status,
        StreamModeDetails: { StreamMode: stream.distribution === undefined ? 'PROVISIONED' : 'ON_DEMAND' },
        ...(stream.distribution === undefined ? {} : { RecordDistributionStrategy: stream.distribution }),
        RetentionPeriodHours: stream.retentionMs / 3_600_000,
        StreamCreationTimestamp: stream.createdAt / 1000,
        EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
        EncryptionType: 'NONE',
        OpenShardCount: stream.openShards.length,
        ConsumerCount: 0,
      },
    };
  }

  #updateShardCount(stream: FakeKinesisStream, target: number): object {
    const current = stream.openShards.length;
    if (!(target >= current / 2 && target <= current * 2)) {
      throw new AwsError('InvalidArgumentException', `${target} shards is not within half and double of ${current}.`);
    }
    stream.updateShardCount(target);
    return {
      StreamName: stream.name,
      StreamARN: stream.arn,
      CurrentShardCount: current,
      TargetShardCount: target,
    };
  }

  #named(input: Input): FakeKinesisStream {
    const name = nameOf(input);
    if (name === undefined) throw new AwsError('InvalidArgumentException', 'StreamName or StreamARN is needed.');
    return this.stream(name);
  }
}

function nameOf({ StreamName, StreamARN }: Input): string | undefined {
  return StreamName ?? StreamARN?.split('/').at(-1);
}
