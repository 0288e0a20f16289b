/**
 * A reader such as a team writes for itself: takes the records of all shards and sends each on, those of a key one after
 * the other, many keys at once. It keeps no checkpoints and survives nothing, which costs it less than any real one.
 */
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  ShardIteratorType,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { setTimeout as delay } from 'node:timers/promises';
import type { Book } from '../book.ts';
import type { LoadEvent } from '../load.ts';

export interface Reading {
  readonly stream: string;
  readonly book: Book;
  readonly send: (event: LoadEvent) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Keys to which something is on its way at a time. */
const IN_FLIGHT = 100;
const IDLE_MS = 100;

/** Until the signal aborts. */
export async function readInOrder({ stream, book, send, signal }: Reading): Promise<void> {
  const client = new KinesisClient({ requestHandler: new NodeHttpHandler() });
  const sender = new Sender(send, signal);
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
  const reading = Shards.map(async ({ ShardId }) => {
    const start = { StreamName: stream, ShardId, ShardIteratorType: ShardIteratorType.TRIM_HORIZON };
    let { ShardIterator } = await client.send(new GetShardIteratorCommand(start));
    while (!signal.aborted && ShardIterator !== undefined) {
      const page = await client.send(new GetRecordsCommand({ ShardIterator }));
      const events = (page.Records ?? []).map(({ Data }) => JSON.parse(Buffer.from(Data!).toString()) as LoadEvent);
      for (const event of events) {
        book.read(event);
        sender.add(event);
      }
      ShardIterator = page.NextShardIterator;
      if (events.length === 0) await delay(IDLE_MS);
    }
  });
  await Promise.race([Promise.all(reading), sender.failed]);
  client.destroy();
}

class Sender {
  readonly #send: Reading['send'];
  readonly #signal: AbortSignal;
  readonly #queues = new Map<string, LoadEvent[]>();
  readonly #ready: LoadEvent[][] = [];
  #inFlight = 0;
  #fail: (error: unknown) => void = () => {};
  readonly failed: Promise<never>;

  constructor(send: Reading['send'], signal: AbortSignal) {
    this.#send = send;
    this.#signal = signal;
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  add(event: LoadEvent): void {
    const queue = this.#queues.get(event.key);
    if (queue !== undefined) {
      queue.push(event);
      return;
    }
    const begun = [event];
    this.#queues.set(event.key, begun);
    this.#ready.push(begun);
    this.#next();
  }

  #next(): void {
    while (this.#inFlight < IN_FLIGHT) {
      const queue = this.#ready.shift();
      if (queue === undefined) return;
      this.#inFlight += 1;
      void this.#sendFirst(queue);
    }
  }

  async #sendFirst(queue: LoadEvent[]): Promise<void> {
    const [event] = queue;
    if (event === undefined) return;
    try {
      await this.#send(event);
    } catch (error) {
      if (!this.#signal.aborted) this.#fail(error);
      return;
    }
    this.#inFlight -= 1;
    queue.shift();
    if (queue.length > 0) this.#ready.push(queue);
    else this.#queues.delete(event.key);
    this.#next();
  }
}
