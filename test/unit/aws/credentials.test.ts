import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CurrentCredentials } from '../../../aws/credentials.ts';
import { kinesis } from '../../../contracts/public/source-config.ts';
import { KinesisSource } from '../../../sources/kinesis/kinesis-source.ts';

const never = new AbortController().signal;
const before = { ...process.env };
let folder: string;
let server: Server;
let valid: string;

/** A service that knows one key at a time. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keylane-credentials-'));
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) delete process.env[name];
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'credentials');
  process.env['AWS_CONFIG_FILE'] = join(folder, 'config');
  process.env['AWS_REGION'] = 'eu-west-1';
  server = createServer((request, response) => {
    request.resume();
    const isKnown = String(request.headers.authorization).includes(`Credential=${valid}/`);
    response.writeHead(isKnown ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    const refusal = { __type: 'UnrecognizedClientException', message: 'The security token is invalid.' };
    response.end(JSON.stringify(isKnown ? { Shards: [] } : refusal));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  process.env = { ...before };
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const give = (key: string) =>
  writeFile(join(folder, 'credentials'), `[default]\naws_access_key_id = ${key}\naws_secret_access_key = secret\n`);

test('a key that was rotated in the credentials file is used as soon as the old one is refused (fault F8)', async () => {
  await give('OLD');
  valid = 'OLD';
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const source = new KinesisSource(kinesis({ stream: 'orders', endpoint }));
  expect(await source.listShards(never)).toEqual([]);
  valid = 'NEW';
  await expect(source.listShards(never)).rejects.toThrow(/UnrecognizedClientException.*credentials/);
  await give('NEW');
  await expect(source.listShards(never)).resolves.toEqual([]);
  source.close();
});

test('credentials without an expiry are given one, so that they are looked up each minute (fault F8)', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 31), toFake: ['Date'] });
  try {
    const credentials = new CurrentCredentials(async () => ({ accessKeyId: 'a', secretAccessKey: 's' }));
    const { expiration } = await credentials.provide();
    // The SDK looks five minutes before.
    expect(expiration?.toISOString()).toBe('2026-01-31T00:06:00.000Z');
  } finally {
    vi.useRealTimers();
  }
});

test('those that expire keep their own expiry; one look that fails is bridged until then (fault F8)', async () => {
  const expiration = new Date(Date.now() + 3_600_000);
  const answers: (() => object)[] = [() => ({ accessKeyId: 'a', secretAccessKey: 's', expiration })];
  const credentials = new CurrentCredentials(async () => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error('the file is being written');
    return answer() as never;
  });
  expect(await credentials.provide()).toEqual({ accessKeyId: 'a', secretAccessKey: 's', expiration });
  expect((await credentials.provide()).accessKeyId).toBe('a');
  answers.push(() => ({ accessKeyId: 'b', secretAccessKey: 's', expiration: new Date(0) }));
  expect((await credentials.provide()).accessKeyId).toBe('b');
  await expect(credentials.provide()).rejects.toThrow('the file is being written');
});
