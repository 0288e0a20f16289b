/**
 * A virtual object for each key, one durable step an event, an idempotency key for each request: as Restate's
 * documentation would have it. Its packages are not among ours: see ../backends/restate.ts, which also runs this with a
 * Node.js that they work with.
 */
import {
  connect,
  constants,
  createServer,
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import type { LoadEvent } from '../load.ts';
import type { Contender } from './contender.ts';
import { readInOrder } from './read-in-order.ts';

/** The part of the SDK that is used. */
interface RestateSdk {
  object(definition: {
    readonly name: string;
    readonly handlers: Readonly<Record<string, (context: ObjectContext, event: LoadEvent) => Promise<void>>>;
  }): unknown;
  createEndpointHandler(options: { readonly services: readonly unknown[] }): Http2Handler;
}
interface ObjectContext {
  run(name: string, step: () => Promise<void>): Promise<void>;
}
type Http2Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

const OBJECT = 'Lane';

export const restate: Contender = async ({ stream, book, address, signal }) => {
  const { ingress, admin, modules } = JSON.parse(address) as RestateAddress;
  const resolve = createRequire(`${modules}/package.json`).resolve;
  const sdk = (await import(pathToFileURL(resolve('@restatedev/restate-sdk')).href)) as RestateSdk;
  const lane = sdk.object({
    name: OBJECT,
    handlers: {
      handle: async (context, event) => await context.run('handle', async () => await book.handle(event)),
    },
  });
  const server = createServer({}, sdk.createEndpointHandler({ services: [lane] }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const registered = await fetch(`${admin}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${port}` }),
  });
  if (!registered.ok) throw new Error(`Restate does not take the service: ${await registered.text()}`);
  const session = connect(ingress);
  await once(session, 'connect');
  await readInOrder({ stream, book, signal, send: async (event) => await send(session, event) });
  session.destroy();
  // Restate keeps its connection to the service.
  server.close();
};

/** Where the server listens, and the folder in which its packages are. */
export interface RestateAddress {
  readonly ingress: string;
  readonly admin: string;
  readonly modules: string;
}

/** Resolves when the event is held durably; it is handled later. */
async function send(session: ClientHttp2Session, event: LoadEvent): Promise<void> {
  const request = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: `/${OBJECT}/${encodeURIComponent(event.key)}/handle/send`,
    'content-type': 'application/json',
    'idempotency-key': `${event.key}:${event.n}`,
  });
  request.end(JSON.stringify(event));
  const [headers] = (await once(request, 'response')) as [Record<string, unknown>];
  request.resume();
  await once(request, 'end');
  const status = headers[constants.HTTP2_HEADER_STATUS];
  if (status !== 200 && status !== 202) throw new Error(`Restate answers ${String(status)} to ${event.key}:${event.n}`);
}
