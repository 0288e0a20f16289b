/**
 * Kinesis as far as enhanced fan-out needs it, moved by the test: no emulator ends a shard, takes a subscription over or
 * fails in the middle of one. The SDK's own clients talk to it.
 *
 * It owns what each operation answers, and the subscriptions that were made and that no test has taken yet.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { eventFrame } from './event-frame.ts';

type Body = Readonly<Record<string, unknown>>;
type Answer = (input: Body) => object;
type Response = ServerResponse | Http2ServerResponse;

/** What an operation answers in place of a result. */
export class Refused extends Error {}

export class PushedSubscription {
  readonly input: Body;
  readonly httpVersion: string;
  /** Resolves when either side has ended it. */
  readonly closed: Promise<unknown>;
  readonly #response: Response;

  constructor(input: Body, httpVersion: string, response: Response) {
    this.input = input;
    this.httpVersion = httpVersion;
    this.#response = response;
    this.closed = new Promise((resolve) => response.once('close', resolve));
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
    this.#write({ ':message-type': 'event', ':event-type': 'initial-response' }, {});
  }

  /** Returns false when the other side does not read as fast as this is written. */
  send(event: Body): boolean {
    const whole = { Records: [], MillisBehindLatest: 0, ...event };
    return this.#write({ ':message-type': 'event', ':event-type': 'SubscribeToShardEvent' }, whole);
  }

  fail(name: string): void {
    this.#write({ ':message-type': 'exception', ':exception-type': name }, { message: 'as the test says' });
    this.end();
  }

  end(): void {
    this.#response.end();
  }

  #write(headers: Readonly<Record<string, string>>, payload: object): boolean {
    const frame = eventFrame({ ...headers, ':content-type': 'application/x-amz-json-1.1' }, payload);
    // Two classes with the same method, whose overloads TypeScript does not unite.
    return (this.#response as ServerResponse).write(frame);
  }
}

const CONSUMER_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/keylane:1';

export class ScriptedFanOut {
  readonly endpoint: string;
  /** By operation, changed by tests. */
  readonly answers: Record<string, Answer> = {
    DescribeStreamSummary: () => ({
      StreamDescriptionSummary: {
        StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
        RetentionPeriodHours: 24,
      },
    }),
    DescribeStreamConsumer: () => ({
      ConsumerDescription: { ConsumerARN: CONSUMER_ARN, ConsumerStatus: 'ACTIVE', ConsumerName: 'keylane' },
    }),
    ListShards: () => ({ Shards: [{ ShardId: 'shardId-000000000000', SequenceNumberRange: {}, HashKeyRange: {} }] }),
  };
  /** Names of the operations that were called. */
  readonly calls: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #made: PushedSubscription[] = [];
  #wake = () => {};

  private constructor(server: Server, protocol: 'http' | 'https') {
    this.#server = server;
    this.endpoint = `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    server.on('request', (request: IncomingMessage | Http2ServerRequest, response: Response) => {
      void this.#serve(request, response);
    });
  }

  static async start(): Promise<ScriptedFanOut> {
    return await listening(createServer(), (server) => new ScriptedFanOut(server, 'http'));
  }

  /** With TLS, over which it speaks HTTP/2 with whoever asks for it. */
  static async startTls(identity: { readonly key: string; readonly cert: string }): Promise<ScriptedFanOut> {
    const server = createSecureServer({ ...identity, allowHTTP1: true });
    return await listening(server, (it) => new ScriptedFanOut(it, 'https'));
  }

  /** The oldest subscription that was not taken yet. */
  async subscribed(): Promise<PushedSubscription> {
    for (;;) {
      const next = this.#made.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** How many connections are open. */
  get connections(): number {
    return [...this.#sockets].filter((socket) => !socket.destroyed).length;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage | Http2ServerRequest, response: Response): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const input = JSON.parse(Buffer.concat(chunks).toString()) as Body;
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    this.calls.push(operation);
    try {
      const answer = this.answers[operation]?.(input) ?? {};
      if (operation === 'SubscribeToShard') {
        this.#made.push(new PushedSubscription(input, request.httpVersion, response));
        this.#wake();
      } else reply(response, 200, answer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      reply(response, 400, { __type: error.message, message: 'as the test says' });
    }
  }
}

async function listening<S extends Server>(server: S, make: (server: S) => ScriptedFanOut): Promise<ScriptedFanOut> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return make(server);
}

function reply(response: Response, status: number, answer: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(answer));
}
