import { once } from 'node:events';
import { createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kinesis } from '../../../contracts/public/source-config.ts';
import { KinesisSource } from '../../../sources/kinesis/kinesis-source.ts';
import { proxyFor, proxyName } from '../../../aws/proxy.ts';
import { EMULATOR_ENV } from '../../support/emulators/index.ts';
import { FakeAws } from '../../support/fake-aws/index.ts';

const never = new AbortController().signal;
const before = { ...process.env };
let fake: FakeAws;
let proxy: Server;
let asked: string[];
let address: string;

/** A proxy that brings every plain request to the fake, and refuses every tunnel. */
beforeEach(async () => {
  fake = await FakeAws.start();
  fake.createStream('orders', { shards: 2 });
  asked = [];
  proxy = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { port } = new URL(fake.endpoint);
    const passed = send({ host: '127.0.0.1', port, method: 'POST', headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(passed);
  });
  proxy.on('connect', (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  for (const name of Object.keys(process.env)) if (/_proxy$/i.test(name)) delete process.env[name];
  Object.assign(process.env, EMULATOR_ENV);
});
afterEach(async () => {
  process.env = { ...before };
  proxy.closeAllConnections();
  proxy.close();
  await fake.stop();
});

test('requests go through the proxy of the environment (fault F8)', async () => {
  process.env['HTTP_PROXY'] = address;
  const source = new KinesisSource(kinesis({ stream: 'orders', endpoint: 'http://kinesis.example.test:4567' }));
  expect(await source.listShards(never)).toHaveLength(2);
  expect(asked[0]).toBe('POST http://kinesis.example.test:4567/');
  source.close();
});

test('NO_PROXY, and what is on this machine, is reached directly (fault F8)', async () => {
  process.env['HTTP_PROXY'] = address;
  const source = new KinesisSource(kinesis({ stream: 'orders', endpoint: fake.endpoint }));
  expect(await source.listShards(never)).toHaveLength(2);
  expect(asked).toEqual([]);
  source.close();
  process.env['NO_PROXY'] = '.example.test';
  expect(proxyFor('http://kinesis.example.test:4567')).toBeUndefined();
  expect(proxyFor('http://kinesis.other.test:4567')).toBe(address);
  for (const local of ['http://localhost:4567', 'http://127.1.2.3', 'http://[::1]:8000'])
    expect(proxyFor(local)).toBeUndefined();
});

test('what fails on the way names the proxy, without its password (fault F8)', async () => {
  process.env['HTTPS_PROXY'] = address.replace('http://', 'http://user:secret@');
  const source = new KinesisSource(kinesis({ stream: 'orders', region: 'eu-west-1' }));
  const failure = await source.listShards(never).catch((error: unknown) => error as Error);
  expect(asked[0]).toBe('CONNECT kinesis.eu-west-1.amazonaws.com:443');
  expect((failure as Error).message).toContain(`https://kinesis.eu-west-1.amazonaws.com, through the proxy ${address}`);
  expect((failure as Error).message).not.toContain('secret');
  expect(proxyName('not a URL')).toBe('whose address is not a URL');
  source.close();
});
