import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { connectClient, connectionOptions, TemporalUnreachableError } from '../../../temporal/connection.ts';
import { TemporalEnvironmentError } from '../../../settings/environment.ts';

const temporal = { address: undefined, namespace: undefined, taskQueue: 'keylane' };
const env = { HOME: '/nonexistent' };

test('the default address is that of every Temporal tool, without TLS', () => {
  expect(connectionOptions(temporal, env)).toEqual({ address: 'localhost:7233' });
});

test('API key, TLS and headers come from the environment, the address from the settings', () => {
  const options = connectionOptions(
    { ...temporal, address: 'cloud:7233' },
    { ...env, TEMPORAL_ADDRESS: 'other:1', TEMPORAL_API_KEY: 'secret', TEMPORAL_GRPC_META_TEAM: 'payments' },
  );
  expect(options).toEqual({ address: 'cloud:7233', apiKey: 'secret', tls: true, metadata: { team: 'payments' } });
});

test('an empty API key does not switch TLS on', () => {
  expect(connectionOptions(temporal, { ...env, TEMPORAL_API_KEY: '', TEMPORAL_TLS: '' })).not.toHaveProperty('tls');
});

test('a certificate that is not there is told', () => {
  const withCertificate = { ...env, TEMPORAL_TLS_CLIENT_CERT_PATH: '/nonexistent/cert.pem' };
  expect(() => connectionOptions(temporal, withCertificate)).toThrow(TemporalEnvironmentError);
  expect(() => connectionOptions(temporal, withCertificate)).toThrow('/nonexistent/cert.pem');
});

test('nobody listens: the error names the address and the ways to set it', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const error: unknown = await connectClient({ ...temporal, address }, { timeoutMs: 1000 }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(TemporalUnreachableError);
  expect((error as TemporalUnreachableError).address).toBe(address);
  expect((error as Error).message.replace(address, 'HOST:PORT')).toMatchInlineSnapshot(
    `"Temporal cannot be reached at HOST:PORT: Failed to connect before the deadline. Is it running there? The address comes from --address, temporal.address in the settings, TEMPORAL_ADDRESS or Temporal's configuration file; localhost:7233 without any of them. \`keylane dev\` starts a server of its own."`,
  );
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
