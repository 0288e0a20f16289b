/**
 * What distinguishes a stream from every other one, including one of the same name: in another region or account, on
 * another emulator, or created after this one was deleted. Checkpoints are meaningless in any other stream (O4).
 *
 * The endpoint is not part of the identity: a stream can have several (VPC endpoints, an emulator on another port). It is
 * kept because it helps an operator to recognize the stream.
 */

/** A stream as its source describes it now. What could not be read is absent. */
export interface StreamIdentity {
  /** Of the Kinesis stream, or of the DynamoDB table. */
  readonly arn?: string;
  readonly region?: string;
  /** Kinesis: when the stream was created, in ISO 8601. */
  readonly createdAt?: string;
  /** Kinesis: its id, if AWS reports one. */
  readonly id?: string;
  /** Kinesis: the oldest shard and its starting sequence number. Used if no creation time is known. */
  readonly oldestShard?: { readonly shardId: string; readonly beginning: string };
  /** DynamoDB: the labels of all streams of the table that are still listed. */
  readonly labels?: readonly string[];
  /** DynamoDB: the label of the stream that is enabled. */
  readonly enabled?: string;
  readonly endpoint?: string;
}

/** The stream that a pipeline reads, as it was last seen. */
export interface KnownStream extends Omit<StreamIdentity, 'labels'> {
  /** When it was last seen, in ISO 8601. */
  readonly seenAt: string;
}

/** A stream that was found in place of the pipeline's own. */
export interface OtherStream {
  readonly found: KnownStream;
  /** ms since 1970 */
  readonly since: number;
}

/**
 * A stream of a table is listed for a day after it was disabled or the table was deleted; one hour less allows for clock
 * differences.
 */
const LISTED_FOR_MS = 23 * 3_600_000;

/**
 * Whether the stream that was found differs from the pipeline's. What is unknown of either is not compared.
 * @param now ms since 1970
 */
export function isOtherStream(known: KnownStream, found: StreamIdentity, now: number): boolean {
  if (differ(known.arn, found.arn) || differ(known.region, found.region)) return true;
  if (differ(known.id, found.id) || differ(known.createdAt, found.createdAt)) return true;
  if (known.createdAt !== undefined && found.createdAt !== undefined) return false;
  return hasOtherOldestShard(known, found) || lacksStream(known, found, now);
}

/** Shard ids count up from zero in every Kinesis stream; the starting sequence number of a shard never changes. */
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

/** Whether the known stream was deleted and another of the same name created: its unread records are lost. */
export function isRecreated(known: KnownStream, found: StreamIdentity): boolean {
  const { arn, createdAt } = known;
  if (arn === undefined || createdAt === undefined || found.createdAt === undefined) return false;
  return arn === found.arn && Date.parse(createdAt) < Date.parse(found.createdAt);
}

/** Updates what is known of the pipeline's stream when it has been seen again. */
export function seen(known: KnownStream | undefined, found: StreamIdentity, now: number): KnownStream {
  const { labels: _labels, ...rest } = found;
  // A stream that was disabled, or was not listed this time, may disappear from the listings at any moment.
  const { enabled: _label, ...before } = known ?? {};
  return { ...before, ...rest, seenAt: new Date(now).toISOString() };
}

/** For messages: what distinguishes the stream, and where it was found. */
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

/** For messages: which stream was found in place of which, and the remedy. */
export function otherStreamText(pipeline: string, known: StreamIdentity, found: StreamIdentity): string {
  return (
    `Pipeline "${pipeline}" reads ${streamText(known)}. What is there now is another stream: ${streamText(found)}. ` +
    'The checkpoints are meaningless in that one. Point the settings and the AWS environment back to the first stream, ' +
    'give the pipeline another name, or start again with --start-over. If the first stream was deleted, its unread records are lost.'
  );
}

/** For messages: why a stream does not keep the order of a key, and the remedy. */
export function unorderedText(source: string): string {
  return (
    `${source} has the record distribution strategy AUTO: AWS ignores partition keys and spreads the records of a key ` +
    'over all shards, so their order is lost before Keylane reads them. Set it back ' +
    '(aws kinesis update-stream-record-distribution-strategy, USER_PARTITION_KEY), or accept it with ' +
    "`order: 'none'` in the pipeline's settings."
  );
}

/** Key of the {@link KnownStream} in the pipeline workflow's memo, which a process can read without a worker. */
export const STREAM_MEMO = 'stream';

/** The memo is written again at this age, even if only the time has changed. */
export const MEMO_FRESH_MS = 6 * 3_600_000;
