import { AwsError } from '../aws-error.ts';
import type { Fault, ListedShard } from '../faults.ts';
import type { Input } from '../input.ts';
import { type FakeService, listingChange } from '../service.ts';
import type { World } from '../world.ts';
import { getRecords, getShardIterator } from './read-shard.ts';
import { FakeTable, type TableOptions } from './table.ts';
import type { FakeTableStream } from './table-stream.ts';

const MAX_PAGE = 100;

/** The operations of DynamoDBStreams_20120810. It owns the tables. */
export class DynamodbService implements FakeService {
  readonly kind = 'dynamodb';
  readonly #world: World;
  readonly #tables = new Map<string, FakeTable>();

  constructor(world: World) {
    this.#world = world;
  }

  create(name: string, options?: TableOptions): FakeTable {
    if (this.#tables.has(name)) throw new AwsError('ResourceInUseException', `Table already exists: ${name}`);
    const table = new FakeTable(name, this.#world, options);
    this.#tables.set(name, table);
    return table;
  }

  /** @throws {AwsError} when there is none */
  table(name: string): FakeTable {
    const table = this.#tables.get(name);
    if (table === undefined) throw new AwsError('ResourceNotFoundException', `Table not found: ${name}`);
    return table;
  }

  answer(operation: string, input: Input, twist: Fault | undefined): object {
    switch (operation) {
      case 'ListStreams':
        return this.#listStreams(input);
      case 'DescribeStream':
        return this.#describe(this.#stream(input.StreamArn), input, twist);
      case 'GetShardIterator':
        return getShardIterator(this.#stream(input.StreamArn), input, this.#world);
      case 'GetRecords':
        return getRecords((arn) => this.#stream(arn), input, this.#world, twist);
      default:
        throw new AwsError('UnknownOperationException', `The fake has no DynamoDB Streams operation ${operation}`);
    }
  }

  #listStreams({ TableName, ExclusiveStartStreamArn: after, Limit = MAX_PAGE }: Input): object {
    const tables = TableName === undefined ? [...this.#tables.values()] : [this.#tables.get(TableName)];
    const streams = tables.flatMap((table) => table?.streams ?? []).toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
    const rest = streams.filter(({ arn }) => after === undefined || arn > after);
    const page = rest.slice(0, Limit);
    return {
      Streams: page.map(({ arn, label, options }) => ({
        StreamArn: arn,
        StreamLabel: label,
        TableName: options.table,
      })),
      ...(rest.length > page.length ? { LastEvaluatedStreamArn: page.at(-1)?.arn } : {}),
    };
  }

  #describe(stream: FakeTableStream, input: Input, twist: Fault | undefined): object {
    const { limits, manners } = this.#world;
    if (!limits.admits('describe', limits.settings.dynamodbDescriptions)) {
      throw new AwsError('ThrottlingException', 'Rate exceeded');
    }
    const { Limit = MAX_PAGE } = input;
    if (!(Limit >= 1 && Limit <= MAX_PAGE)) {
      throw new AwsError('ValidationException', `Limit ${Limit} is not within 1 and ${MAX_PAGE}`);
    }
    const rest = twist?.kind === 'childless' ? [] : listed(stream, input);
    const page = rest.slice(0, Limit);
    const isMore = rest.length > page.length || (manners.markerOnLastPage && page.length > 0);
    return {
      StreamDescription: {
        StreamArn: stream.arn,
        StreamLabel: stream.label,
        StreamStatus: stream.status,
        StreamViewType: stream.options.viewType,
        CreationRequestDateTime: Math.floor(stream.createdAt / 1000),
        TableName: stream.options.table,
        KeySchema: stream.options.keySchema,
        Shards: listingChange(twist)(page, () => stream.listing()),
        ...(isMore ? { LastEvaluatedShardId: page.at(-1)?.ShardId } : {}),
      },
    };
  }

  #stream(arn = ''): FakeTableStream {
    const table = this.#tables.get(/:table\/([^/]+)\/stream\//.exec(arn)?.[1] ?? '');
    const stream = table?.streams.find((candidate) => candidate.arn === arn);
    if (stream === undefined) {
      throw new AwsError('ResourceNotFoundException', `Requested resource not found: Stream: ${arn} not found`);
    }
    return stream;
  }
}

/** What a page can have: everything behind its start that matches the filter. */
function listed(stream: FakeTableStream, { ExclusiveStartShardId: after, ShardFilter: filter }: Input): ListedShard[] {
  const shards = after === undefined ? stream.shards() : stream.shardsAfter(after);
  const matches = shards.map((shard) => shard.listed());
  if (filter === undefined) return matches;
  if (filter.Type !== 'CHILD_SHARDS' || filter.ShardId === undefined) {
    throw new AwsError('ValidationException', 'ShardFilter is CHILD_SHARDS with a ShardId, or not there at all');
  }
  return matches.filter(({ ParentShardId }) => ParentShardId === filter.ShardId);
}
