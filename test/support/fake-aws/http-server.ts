import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsError } from './aws-error.ts';
import type { Input } from './input.ts';

/** A request of AWS's JSON protocol. */
export interface JsonRequest {
  /** As in `Kinesis_20131202`. */
  readonly service: string;
  readonly operation: string;
  readonly input: Input;
}

/** Thrown by a handler in place of an answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly how: 'hang' | 'reset';

  constructor(how: 'hang' | 'reset') {
    super(how);
    this.how = how;
  }
}

type Handler = (request: JsonRequest) => Promise<object>;

/** In the errors of DynamoDB the name stands behind one of these; in those of Kinesis it stands alone. */
const NAMESPACES: Readonly<Record<string, string>> = {
  ValidationException: 'com.amazon.coral.validate',
  ThrottlingException: 'com.amazon.coral.availability',
};
const DYNAMODB_NAMESPACE = 'com.amazonaws.dynamodb.v20120810';

/** Speaks AWS JSON 1.0 and 1.1 over HTTP/1.1. Signatures are not looked at. */
export class JsonServer {
  readonly endpoint: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /**
   * @param now what the answers say that the time is, ms since 1970
   * @param port any free one unless given
   */
  static async listen(handler: Handler, now: () => number, port = 0): Promise<JsonServer> {
    const server = createServer((incoming, response) => {
      response.setHeader('date', new Date(now()).toUTCString());
      void serve(handler, incoming, response);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new JsonServer(server);
  }

  /** Breaks what is still open, calls that hang included. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function serve(handler: Handler, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const [service = '', operation = ''] = String(incoming.headers['x-amz-target']).split('.');
  const type = incoming.headers['content-type'] ?? 'application/x-amz-json-1.1';
  const head = { 'content-type': type, 'x-amzn-requestid': randomUUID() };
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const input = readInput(Buffer.concat(chunks), type);
    send(response, 200, head, await handler({ service, operation, input }));
  } catch (error) {
    if (error instanceof NoAnswer) {
      if (error.how === 'reset') incoming.socket.destroy();
      return;
    }
    const refusal =
      error instanceof AwsError ? error : new AwsError('InternalFailure', `Fault of the fake: ${String(error)}`, 500);
    const isDynamodb = service.startsWith('DynamoDB');
    const namespace = isDynamodb ? `${NAMESPACES[refusal.name] ?? DYNAMODB_NAMESPACE}#` : '';
    const body = { __type: `${namespace}${refusal.name}`, message: refusal.message };
    send(response, refusal.status, { ...head, 'x-amzn-errortype': `${refusal.name}:` }, body);
  }
}

function readInput(body: Buffer, type: string): Input {
  if (!type.startsWith('application/x-amz-json-')) {
    throw new AwsError('SerializationException', `The fake speaks JSON only, not ${type}`);
  }
  try {
    return JSON.parse(body.toString() || '{}') as Input;
  } catch (error) {
    throw new AwsError('SerializationException', String(error));
  }
}

function send(response: ServerResponse, status: number, head: Record<string, string>, body: object): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { ...head, 'content-length': String(Buffer.byteLength(text)) });
  response.end(text);
}
