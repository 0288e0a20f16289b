import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import type { StreamIdentity } from '../../contracts/pipeline/stream-identity.ts';
import type { ServiceCalls } from '../aws/service-calls.ts';
import type { StreamId } from './stream-id.ts';

const HOUR_MS = 3_600_000;
const MIN_HOURS = 24;
/** An account may request 20 summaries a second, and near the horizon every page of every shard needs one. */
const FRESH_FOR_MS = 5 * 60_000;

export interface StreamSummary {
  /** How long the stream keeps its records: a setting of the stream, which may change at any time. */
  readonly retentionMs: number;
  readonly identity: Pick<StreamIdentity, 'arn' | 'createdAt' | 'id'>;
  /** True when AWS ignores partition keys: records of one key may be in any shard. This setting may change too. */
  readonly unordered: boolean;
}

/** What DescribeStreamSummary says about a data stream. */
export class KinesisSummary {
  readonly #client: KinesisClient;
  readonly #calls: ServiceCalls;
  readonly #stream: StreamId;
  readonly #now: () => number;
  #known: { readonly summary: StreamSummary; readonly at: number } | undefined;

  constructor(client: KinesisClient, calls: ServiceCalls, stream: StreamId, now: () => number) {
    this.#client = client;
    this.#calls = calls;
    this.#stream = stream;
    this.#now = now;
  }

  async ask(signal: AbortSignal): Promise<StreamSummary> {
    const command = new DescribeStreamSummaryCommand({ ...this.#stream });
    const answer = await this.#calls.run('DescribeStreamSummary', signal, (options) =>
      this.#client.send(command, options),
    );
    const summary = summaryOf(answer.StreamDescriptionSummary);
    this.#known = { summary, at: this.#now() };
    return summary;
  }

  /** The retention as of the last minutes. */
  async retentionMs(signal: AbortSignal): Promise<number> {
    const { at, summary } = this.#known ?? { at: -Infinity };
    if (summary !== undefined && this.#now() - at < FRESH_FOR_MS) return summary.retentionMs;
    return (await this.ask(signal)).retentionMs;
  }
}

function summaryOf(summary: Partial<StreamDescriptionSummary> = {}): StreamSummary {
  const { RecordDistributionStrategy, RetentionPeriodHours, StreamARN, StreamCreationTimestamp, StreamId } = summary;
  return {
    retentionMs: (RetentionPeriodHours ?? MIN_HOURS) * HOUR_MS,
    identity: {
      ...(StreamARN === undefined ? {} : { arn: StreamARN }),
      ...(StreamCreationTimestamp === undefined ? {} : { createdAt: StreamCreationTimestamp.toISOString() }),
      ...(StreamId === undefined ? {} : { id: StreamId }),
    },
    unordered: RecordDistributionStrategy === 'AUTO',
  };
}
