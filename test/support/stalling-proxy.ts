import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Passes connections on to a server, and can hold up what clients send: it stays in the network until it is released,
 * also when its sender stands still or is gone meanwhile. What the server sends passes. It can also be cut.
 */
export class StallingProxy {
  readonly address: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isHolding = false;
  #isCut = false;
  #held: { readonly to: Socket; readonly bytes: Buffer }[] = [];
  #seen: (() => void) | undefined;
  #awaited: { readonly text: Buffer; times: number } | undefined;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [host = '', port = ''] = target.split(':');
    server.on('connection', (client) => this.#join(client, connect(Number(port), host)));
  }

  static async before(target: string): Promise<StallingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new StallingProxy(server, target);
  }

  /** Holds up all that is sent from the moment on at which `text` has been sent so many times, and resolves then. */
  async holdFrom(text: string, times = 1): Promise<void> {
    this.#awaited = { text: Buffer.from(text), times };
    await new Promise<void>((resolve) => (this.#seen = resolve));
  }

  /** Lets through what was held up, and all that comes. */
  release(): void {
    this.#isHolding = false;
    for (const { to, bytes } of this.#held) to.write(bytes);
    this.#held = [];
  }

  /** From now on nothing gets through, until it is mended. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    if (this.#isCut) client.destroy();
    server.on('data', (bytes) => client.write(bytes));
    client.on('data', (bytes) => {
      if (this.#awaited !== undefined) {
        this.#awaited.times -= occurrences(bytes, this.#awaited.text);
        if (this.#awaited.times <= 0) {
          this.#awaited = undefined;
          this.#isHolding = true;
          this.#seen?.();
        }
      }
      if (this.#isHolding) this.#held.push({ to: server, bytes });
      else server.write(bytes);
    });
  }
}

function occurrences(bytes: Buffer, text: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) count += 1;
  return count;
}
