import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the proxy does with a call in place of passing it on. */
export type Fault =
  /** Answers with an error of AWS's JSON protocol. */
  | { readonly error: string; readonly status?: number; readonly message?: string }
  /** Never answers. */
  | 'silence';

/**
 * Stands before an emulator and spoils chosen calls, since no emulator throttles, expires or falls silent when asked
 * to. It owns the list of faults to come; every other call passes through unchanged.
 */
export class FaultProxy {
  readonly endpoint: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #faults: { readonly operation: string; readonly fault: Fault }[] = [];
  readonly #calls: { readonly operation: string; readonly body: unknown }[] = [];

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

  /** Bodies of the calls of `operation` that have come in so far, spoiled ones included. */
  calls(operation: string): readonly unknown[] {
    return this.#calls.filter((call) => call.operation === operation).map(({ body }) => body);
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
    const index = this.#faults.findIndex((fault) => fault.operation === operation);
    const fault = index === -1 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
    if (fault === undefined) passOn(target, incoming, body, answer);
    else if (fault !== 'silence') refuse(answer, fault);
  }
}

function refuse(
  answer: ServerResponse,
  { error, status = 400, message = 'spoiled by the test' }: Exclude<Fault, 'silence'>,
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
  passed.end(body);
}
