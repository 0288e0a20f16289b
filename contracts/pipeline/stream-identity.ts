/**
 * What tells a stream from every other one, also from one of the same name: in another region or account, on another
 * emulator, or created after this one was deleted. Checkpoints are meaningless in any stream but their own (O4).
 *
 * The endpoint is no part of it: one stream is reached by several (VPC endpoints, an emulator on another port). It is
 * kept because it helps a person to see which stream is meant.
 */

/** As a source describes its stream now. What could not be learned is absent. */
export interface StreamIdentity {
  /** Of the Kinesis stream, or of the DynamoDB table. */
  readonly arn?: string;
  readonly region?: string;
  /** Kinesis: when the stream was created, in ISO 8601. */
  readonly createdAt?: string;
  /** Kinesis: its id, where AWS gives one. */
  readonly id?: string;
  /** Kinesis: the oldest shard, and the sequence number with which it begins. Used when no creation time is known. */
  readonly oldestShard?: { readonly shardId: string; readonly beginning: string };
  /** DynamoDB: the labels of all streams of the table that are still listed. */
  readonly labels?: readonly string[];
  /** DynamoDB: the label of the stream that is enabled. */
  readonly enabled?: string;
  readonly endpoint?: string;
}

/** The stream that a pipeline reads, as it was seen last. */
export interface KnownStream extends Omit<StreamIdentity, 'labels'> {
  /** When it was seen last, in ISO 8601. */
  readonly seenAt: string;
}

/** A stream that was found where the pipeline's own should be. */
export interface OtherStream {
  readonly found: KnownStream;
  /** ms since 1970 */
  readonly since: number;
}

/**
 * A stream of a table is listed for a day after it was disabled, or after the table was deleted. An hour is left for
 * clocks that differ.
 */
const LISTED_FOR_MS = 23 * 3_600_000;

/**
 * Whether the stream that was found is another one than the pipeline's. What is not known of one of them is not compared.
 * @param now ms since 1970
 */
export function isOtherStream(known: KnownStream, found: StreamIdentity, now: number): boolean {
  if (differ(known.arn, found.arn) || differ(known.region, found.region)) return true;
  if (differ(known.id, found.id) || differ(known.createdAt, found.createdAt)) return true;
  if (known.createdAt !== undefined && found.createdAt !== undefined) return false;
  return hasOtherOldestShard(known, found) || lacksStream(known, found, now);
}

/** Shard ids count up from zero in every Kinesis stream; where a shard begins is never changed. */
function hasOtherOldestShard({ oldestShard: known }: KnownStream, { oldestShard: found }: StreamIdentity): boolean {
  return known?.shardId === found?.shardId && differ(known?.beginning, found?.beginning);
}

function lacksStream({ enabled, seenAt }: KnownStream, { labels }: StreamIdentity, now: number): boolean {
  if (enabled === undefined || labels === undefined || labels.includes(enabled)) return false;
  return now - Date.parse(seenAt) < LISTED_FOR_MS;
}

function differ(known: string | undefined, found: string | undefined): boolean {
  return known !== undefined && found !== undefined && known !== found;
}

/** Whether one of this name was deleted before the other was created: what was not read of it is lost. */
export function isRecreated(known: KnownStream, found: StreamIdentity): boolean {
  const { arn, createdAt } = known;
  if (arn === undefined || createdAt === undefined || found.createdAt === undefined) return false;
  return arn === found.arn && Date.parse(createdAt) < Date.parse(found.createdAt);
}

/** What is known of the pipeline's stream once it has been found again. */
export function seen(known: KnownStream | undefined, found: StreamIdentity, now: number): KnownStream {
  const { labels: _labels, ...rest } = found;
  // A stream that was seen disabled, or was not seen this time, may go from the listings at any moment.
  const { enabled: _label, ...before } = known ?? {};
  return { ...before, ...rest, seenAt: new Date(now).toISOString() };
}

/** For people: what distinguishes the stream, and where it was found. */
export function streamText({ arn, createdAt, enabled, endpoint, id, oldestShard, region }: StreamIdentity): string {
  const parts = [
    arn ?? (region === undefined ? 'a stream' : `a stream in ${region}`),
    createdAt === undefined ? undefined : `created ${createdAt}`,
    id === undefined ? undefined : `id ${id}`,
    enabled === undefined ? undefined : `with stream ${enabled}`,
    createdAt === undefined && oldestShard !== undefined
      ? `whose shard ${oldestShard.shardId} begins at ${oldestShard.beginning}`
      : undefined,
    endpoint === undefined ? undefined : `at ${endpoint}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** One sentence or two: what was found in place of what, and what a person can do. */
export function otherStreamText(pipeline: string, known: StreamIdentity, found: StreamIdentity): string {
  return (
    `Pipeline "${pipeline}" reads ${streamText(known)}. What is there now is another stream: ${streamText(found)}. ` +
    'Its checkpoints mean nothing in that one. Point the settings and the AWS environment back at the first stream, give ' +
    'the pipeline another name, or begin again with --start-over. If the first stream was deleted, what had not been read of it is lost.'
  );
}

/** What it means that a stream does not keep the order of a key, and what a person can do. */
export function unorderedText(source: string): string {
  return (
    `${source} has the record distribution strategy AUTO: AWS ignores partition keys and spreads the records of a key ` +
    'over all shards, so their order is lost before Keylane reads them. Set it back ' +
    '(aws kinesis update-stream-record-distribution-strategy, USER_PARTITION_KEY), or accept it with ' +
    "`order: 'none'` in the pipeline's settings."
  );
}

/** Key under which the pipeline workflow's memo holds the {@link KnownStream}: a process reads it without a worker. */
export const STREAM_MEMO = 'stream';

/** How old the memo may be before it is written anew although nothing but the time has changed. */
export const MEMO_FRESH_MS = 6 * 3_600_000;
