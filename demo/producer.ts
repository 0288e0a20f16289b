import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
  ResourceInUseException,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { setTimeout as delay } from 'node:timers/promises';
import type { OrderEvent } from './orders.ts';

const POLL_MS = 100;
const BATCH = 40;

/** Writes order events to a Kinesis stream. Endpoint, region and credentials come from AWS's environment variables. */
export class OrderProducer {
  readonly #stream: string;
  // HTTP/1.1: emulators do not speak HTTP/2, the SDK's default for Kinesis.
  readonly #client = new KinesisClient({ requestHandler: new NodeHttpHandler() });

  constructor(stream: string) {
    this.#stream = stream;
  }

  /** Creates the stream, if it is not there, and waits until it can be used. */
  async createStream(shards: number, signal: AbortSignal): Promise<void> {
    const StreamName = this.#stream;
    try {
      await this.#client.send(new CreateStreamCommand({ StreamName, ShardCount: shards }), { abortSignal: signal });
    } catch (error) {
      if (!(error instanceof ResourceInUseException)) throw error;
    }
    for (;;) {
      const { StreamDescriptionSummary: summary } = await this.#client.send(
        new DescribeStreamSummaryCommand({ StreamName }),
        { abortSignal: signal },
      );
      if (summary?.StreamStatus === 'ACTIVE') return;
      await delay(POLL_MS, undefined, { signal });
    }
  }

  /** Writes the events in their order, a batch at a time, with a pause between batches. */
  async write(events: readonly OrderEvent[], pauseMs: number, signal: AbortSignal): Promise<void> {
    for (let from = 0; from < events.length; from += BATCH) {
      const Records = events.slice(from, from + BATCH).map((event) => ({
        PartitionKey: event.orderId,
        Data: Buffer.from(JSON.stringify(event)),
      }));
      const { FailedRecordCount } = await this.#client.send(
        new PutRecordsCommand({ StreamName: this.#stream, Records }),
        { abortSignal: signal },
      );
      // A batch that was taken in part would have to be written again in order; the emulators refuse nothing.
      if (FailedRecordCount !== undefined && FailedRecordCount > 0) throw new Error('The stream refused records');
      await delay(pauseMs, undefined, { signal });
    }
  }

  close(): void {
    this.#client.destroy();
  }
}
