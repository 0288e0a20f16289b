import { AwsError } from '../aws-error.ts';
import type { Clock } from '../clock.ts';
import type { ListedShard, ListingChange } from '../faults.ts';
import type { Input, ShardFilter } from '../input.ts';
import { decodeToken, encodeToken } from '../iterators.ts';
import type { KinesisShard } from './shard.ts';
import type { FakeKinesisStream } from './stream.ts';

/** What a NextToken stands for. */
interface ListingState {
  readonly stream: string;
  readonly after?: string;
  readonly filter?: ShardFilter;
  readonly issuedAt: number;
}

const TOKEN_LIVES_MS = 300_000;
const DEFAULT_PAGE = 1000;
const MAX_PAGE = 10_000;

/** Reads the request: a token, or a stream with its filter. */
export function listingState(input: Input, stream: string | undefined, clock: Clock): ListingState {
  const { NextToken, ExclusiveStartShardId: after, ShardFilter: filter } = input;
  if (NextToken === undefined) {
    if (stream === undefined) throw invalid('Either NextToken or StreamName should be provided.');
    const issuedAt = clock.now();
    return { stream, issuedAt, ...(after === undefined ? {} : { after }), ...(filter === undefined ? {} : { filter }) };
  }
  if (stream !== undefined) throw invalid('NextToken and StreamName cannot be provided together.');
  if (after !== undefined || filter !== undefined)
    throw invalid('NextToken stands for the listing: no filter with it.');
  const state = decodeToken(NextToken) as ListingState | undefined;
  if (state?.issuedAt === undefined) throw invalid('Invalid NextToken.');
  if (clock.now() - state.issuedAt > TOKEN_LIVES_MS) {
    throw new AwsError('ExpiredNextTokenException', 'The pagination token has expired: it lives for 300 seconds.');
  }
  return state;
}

/** A page of a listing. Between pages the stream may change: a page shows what is true when it is asked for. */
export function listShards(
  stream: FakeKinesisStream,
  state: ListingState,
  { MaxResults = DEFAULT_PAGE }: Input,
  clock: Clock,
  change: ListingChange,
): { Shards: readonly ListedShard[]; NextToken?: string } {
  if (MaxResults < 1 || MaxResults > MAX_PAGE)
    throw invalid(`MaxResults ${MaxResults} is not within 1 and ${MAX_PAGE}.`);
  const matches = filtered(stream, state.filter, clock);
  const { after } = state;
  const rest = matches.filter(({ id }) => after === undefined || id > after);
  const page = rest.slice(0, MaxResults);
  const token = encodeToken({ ...state, after: page.at(-1)?.id, issuedAt: clock.now() });
  return {
    Shards: change(
      page.map((shard) => shard.listed()),
      () => stream.listing(),
    ),
    ...(rest.length > page.length ? { NextToken: token } : {}),
  };
}

function filtered(stream: FakeKinesisStream, filter: ShardFilter | undefined, clock: Clock): KinesisShard[] {
  const shards = stream.shards();
  const horizon = Math.max(stream.horizon(), stream.createdAt);
  const openAt = (time: number) => (shard: KinesisShard) =>
    shard.createdAt <= time && (shard.closedAt === undefined || shard.closedAt >= time);
  switch (filter?.Type) {
    case undefined:
    case 'FROM_TRIM_HORIZON':
      return shards;
    case 'AT_TRIM_HORIZON':
      return shards.filter(openAt(horizon));
    case 'AT_LATEST':
      return shards.filter(({ closedAt }) => closedAt === undefined);
    case 'AFTER_SHARD_ID':
      return shards.filter(({ id }) => id > (filter.ShardId ?? ''));
    case 'AT_TIMESTAMP':
      return shards.filter(openAt(timeOf(filter, horizon, clock)));
    case 'FROM_TIMESTAMP': {
      const time = timeOf(filter, horizon, clock);
      return shards.filter(({ closedAt }) => closedAt === undefined || closedAt >= time);
    }
    default:
      throw invalid(`ShardFilter type ${filter?.Type} is unknown.`);
  }
}

function timeOf({ Type, Timestamp }: ShardFilter, horizon: number, clock: Clock): number {
  if (Timestamp === undefined) throw invalid(`ShardFilter ${Type} needs a Timestamp.`);
  const time = Math.round(Timestamp * 1000);
  if (time > clock.now()) throw invalid('The timestamp of a ShardFilter cannot lie in the future.');
  return Math.max(time, horizon);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
