import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { proxyFor } from './proxy.ts';

type Handle = NodeHttpHandler['handle'];

export interface HttpHandlerOptions extends Omit<NodeHttpHandlerOptions, 'httpAgent' | 'httpsAgent'> {
  /** Maximum number of connections. */
  readonly maxSockets: number;
}

/** HTTP/1.1 with keep-alive connections, through the environment's proxy if there is one for the request. */
export class HttpHandler extends NodeHttpHandler {
  readonly #options: HttpHandlerOptions;
  /** Handlers by proxy. */
  readonly #proxied = new Map<string, NodeHttpHandler>();

  constructor(options: HttpHandlerOptions) {
    const { maxSockets, ...requests } = options;
    const agent = { keepAlive: true, maxSockets };
    super({ ...requests, httpAgent: agent, httpsAgent: agent });
    this.#options = options;
  }

  override handle(...[request, how]: Parameters<Handle>): ReturnType<Handle> {
    const { hostname, port, protocol } = request;
    const proxy = proxyFor(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
    return proxy === undefined ? super.handle(request, how) : this.#through(proxy).handle(request, how);
  }

  override destroy(): void {
    super.destroy();
    for (const handler of this.#proxied.values()) handler.destroy();
  }

  #through(proxy: string): NodeHttpHandler {
    const found = this.#proxied.get(proxy);
    if (found !== undefined) return found;
    const { maxSockets, ...options } = this.#options;
    const kept = { keepAlive: true, maxSockets };
    const handler = new NodeHttpHandler({
      ...options,
      httpAgent: new HttpProxyAgent(proxy, kept),
      httpsAgent: new HttpsProxyAgent(proxy, kept),
    });
    this.#proxied.set(proxy, handler);
    return handler;
  }
}
