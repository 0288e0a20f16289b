import { isIPv4 } from 'node:net';
import { getProxyForUrl } from 'proxy-from-env';

/**
 * The proxy that the environment names for a URL (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, in small letters too);
 * undefined when there is none. Nothing on this machine is reached through a proxy, as with most tools: emulators.
 */
export function proxyFor(url: string): string | undefined {
  const proxy = isLocal(url) ? '' : getProxyForUrl(url);
  return proxy === '' ? undefined : proxy;
}

/** Without the user and the password that it may have. */
export function proxyName(proxy: string): string {
  if (!URL.canParse(proxy)) return 'one whose address is not a URL';
  const { host, protocol } = new URL(proxy);
  return `${protocol}//${host}`;
}

function isLocal(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  const isName = hostname === 'localhost' || hostname.endsWith('.localhost');
  return isName || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
