import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the proxy does with a call in place of passing it on. */
export type Fault =
  /** Answers with an error of AWS's JSON protocol. */
  | { readonly error: string; readonly status?: number; readonly message?: string }
  /** Never answers. */
  | 'silence'
  /** Nothing: this call passes. */
  | 'pass';

/**
 * Stands before an emulator and spoils chosen calls, since no emulator throttles, expires or falls silent when asked
 * to. It owns the list of faults to come; every other call passes through unchanged.
 */
export class FaultProxy {
  readonly endpoint: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #faults: { readonly operation: string; readonly fault: Fault }[] = [];
  readonly #calls: { readonly operation: string; readonly body: unknown }[] = [];
  readonly #arrivals = new EventEmitter();

  private constructor(server: ReturnType<typeof createServer>, target: URL) {
    this.#server = server;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (incoming: IncomingMessage, answer: ServerResponse) => {
      void this.#handle(target, incoming, answer);
    });
  }

  static async before(endpoint: string): Promise<FaultProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, new URL(endpoint));
  }

  /** The next calls of `operation` meet these faults, one each. */
  spoil(operation: string, ...faults: readonly Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ operation, fault })));
  }

  /** Drops the faults that no call has met yet. */
  forget(): void {
    this.#faults.length = 0;
  }

  /** Bodies of the calls that have come in so far, spoiled ones included; of one operation, or all. */
  calls(operation?: string): readonly unknown[] {
    const wanted = this.#calls.filter((call) => operation === undefined || call.operation === operation);
    return wanted.map(({ body }) => body);
  }

  /** Waits until the next call of `operation` has come in. */
  async called(operation: string): Promise<void> {
    for (;;) {
      const [seen] = (await once(this.#arrivals, 'call')) as [string];
      if (seen === operation) return;
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(target: URL, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    this.#calls.push({ operation, body: JSON.parse(body.toString()) });
    this.#arrivals.emit('call', operation);
    const index = this.#faults.findIndex((fault) => fault.operation === operation);
    const fault = index === -1 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
    if (fault === undefined || fault === 'pass') passOn(target, incoming, body, answer);
    else if (fault !== 'silence') refuse(answer, fault);
  }
}

function refuse(
  answer: ServerResponse,
  { error, status = 400, message = 'spoiled by the test' }: Exclude<Fault, string>,
) {
  answer.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  answer.end(JSON.stringify({ __type: error, message }));
}

function passOn(target: URL, incoming: IncomingMessage, body: Buffer, answer: ServerResponse): void {
  const { hostname, port } = target;
  const passed = request({ hostname, port, method: 'POST', path: '/', headers: incoming.headers }, (response) => {
    answer.writeHead(response.statusCode ?? 500, response.headers);
    response.pipe(answer);
  });
  passed.on('error', () => answer.destroy());
  // Whoever hangs up in the middle of an answer hangs up on the emulator too: it must learn that a subscription is over.
  answer.once('close', () => passed.destroy());
  passed.end(body);
}
