import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import type { ServiceCalls } from '../aws/service-calls.ts';
import type { StreamId } from './stream-id.ts';

const HOUR_MS = 3_600_000;
const SHORTEST_HOURS = 24;
/** An account may ask for 20 summaries a second; near the horizon every page of every shard wants to know. */
const FRESH_FOR_MS = 5 * 60_000;

/** How long a data stream keeps its records: a setting of the stream, which may change at any time. */
export class KinesisRetention {
  readonly #client: KinesisClient;
  readonly #calls: ServiceCalls;
  readonly #stream: StreamId;
  readonly #now: () => number;
  #known: { readonly ms: number; readonly at: number } | undefined;

  constructor(client: KinesisClient, calls: ServiceCalls, stream: StreamId, now: () => number) {
    this.#client = client;
    this.#calls = calls;
    this.#stream = stream;
    this.#now = now;
  }

  async ask(signal: AbortSignal): Promise<number> {
    const command = new DescribeStreamSummaryCommand({ ...this.#stream });
    const answer = await this.#calls.run('DescribeStreamSummary', signal, (options) =>
      this.#client.send(command, options),
    );
    const ms = (answer.StreamDescriptionSummary?.RetentionPeriodHours ?? SHORTEST_HOURS) * HOUR_MS;
    this.#known = { ms, at: this.#now() };
    return ms;
  }

  /** As of the last minutes. */
  async recent(signal: AbortSignal): Promise<number> {
    if (this.#known !== undefined && this.#now() - this.#known.at < FRESH_FOR_MS) return this.#known.ms;
    return await this.ask(signal);
  }
}
