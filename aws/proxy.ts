import { isIPv4 } from 'node:net';
import { getProxyForUrl } from 'proxy-from-env';

/**
 * The proxy that the environment names for a URL (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, in small letters too);
 * undefined when there is none. As in most tools, local addresses (emulators) are never reached through a proxy.
 */
export function proxyFor(url: string): string | undefined {
  const proxy = isLocal(url) ? '' : getProxyForUrl(url);
  return proxy === '' ? undefined : proxy;
}

/** The proxy's URL without user and password. */
export function proxyName(proxy: string): string {
  if (!URL.canParse(proxy)) return 'whose address is not a URL';
  const { host, protocol } = new URL(proxy);
  return `${protocol}//${host}`;
}

function isLocal(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  const isName = hostname === 'localhost' || hostname.endsWith('.localhost');
  return isName || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
