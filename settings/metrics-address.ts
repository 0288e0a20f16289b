import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { MetricsEndpointError } from './metrics-errors.ts';

export const METRICS_ADDRESS_FORM = '"host:port" or "[IPv6]:port", such as "0.0.0.0:9464"';

const ADDRESS = /^(?:\[(?<v6>[^[\]\s]+)\]|(?<host>[^\s:/[\]]+)):(?<port>\d{1,5})$/;

interface Parts {
  readonly host: string;
  readonly port: number;
}

/** Port 0 is not allowed: the chosen port would not be known. */
function parse(address: unknown): Parts | undefined {
  const { v6, host = v6, port } = (typeof address === 'string' && ADDRESS.exec(address)?.groups) || {};
  if (host === undefined || (v6 !== undefined && !isIPv6(v6))) return undefined;
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? { host, port: number } : undefined;
}

export function isMetricsAddress(address: unknown): boolean {
  return parse(address) !== undefined;
}

/** The address in the SDK's form, with the IP address of the host.
 * @throws {MetricsEndpointError}
 */
export async function socketAddress(address: string): Promise<string> {
  const parts = parse(address);
  if (parts === undefined) throw new MetricsEndpointError(address, `It must be ${METRICS_ADDRESS_FORM}.`);
  try {
    const found = await lookup(parts.host, { order: 'ipv4first' });
    return found.family === 6 ? `[${found.address}]:${parts.port}` : `${found.address}:${parts.port}`;
  } catch (error) {
    throw new MetricsEndpointError(address, `The host has no address: ${String(error)}.`, { cause: error });
  }
}
