import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { S3Config } from '../../contracts/public/store-config.ts';
import { StoreUnavailableError } from '../../stores/errors.ts';
import { S3Store } from '../../stores/s3-store.ts';
import { EMULATOR_ENV, findS3Gateway, startS3Gateway, type Server } from '../support/emulators/index.ts';
import { storeContract } from './store.contract.ts';

const { signal } = new AbortController();
const BUCKET = 'large-events';
const NAME = 'orders/shardId-000000000000/1-a';

// Built with Go where it is not there yet; where that cannot be done these tests are skipped, and say why.
const binary = await findS3Gateway();

describe.skipIf(binary === undefined)('S3', () => {
  let gateway: Server;
  const stores: S3Store[] = [];

  function open(more: Partial<S3Config> = {}): S3Store {
    const store = new S3Store({ kind: 's3', bucket: BUCKET, endpoint: gateway.endpoint, ...more });
    stores.push(store);
    return store;
  }

  beforeAll(async () => {
    Object.assign(process.env, EMULATOR_ENV);
    gateway = await startS3Gateway(binary ?? '', BUCKET);
  });
  afterAll(async () => {
    for (const store of stores) store.close();
    await gateway?.stop();
  });

  storeContract('a bucket', () => open());
  storeContract('a bucket with a prefix', () => open({ prefix: 'keylane/orders' }));

  test('a prefix keeps stores of one bucket apart', async () => {
    const [a, b] = [open({ prefix: 'a' }), open({ prefix: 'b' })];
    await a.put(NAME, Buffer.from('of a'), signal);
    await b.put(NAME, Buffer.from('of b'), signal);
    await b.delete(NAME, signal);
    expect(Buffer.from(await a.get(NAME, signal)).toString()).toBe('of a');
    expect([a.identity, b.identity]).toEqual([`s3://${BUCKET}/a`, `s3://${BUCKET}/b`]);
  });

  test('an endpoint of the environment leads to the bucket by its path too', async () => {
    process.env['AWS_ENDPOINT_URL_S3'] = gateway.endpoint.replace('127.0.0.1', 'localhost');
    try {
      const store = new S3Store({ kind: 's3', bucket: BUCKET });
      stores.push(store);
      await store.put(NAME, Buffer.from('by path'), signal);
      expect(Buffer.from(await store.get(NAME, signal)).toString()).toBe('by path');
    } finally {
      delete process.env['AWS_ENDPOINT_URL_S3'];
    }
  });

  test('O9 a bucket that is not there is one to ask again, and is named', async () => {
    const store = open({ bucket: 'no-such-bucket' });
    for (const call of [() => store.put(NAME, Buffer.from('a'), signal), () => store.get(NAME, signal)]) {
      await expect(call()).rejects.toBeInstanceOf(StoreUnavailableError);
      await expect(call()).rejects.toThrow(/no-such-bucket.*NoSuchBucket/);
    }
  });

  test('O9 credentials that may not are ones to ask again', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'another';
    const put = open().put(NAME, Buffer.from('a'), signal);
    await expect(put).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(put).rejects.toThrow('SignatureDoesNotMatch');
    Object.assign(process.env, EMULATOR_ENV);
  });

  // A name may stand for several addresses, with an error for each.
  test.each(['127.0.0.1', 'localhost'])('O9 a service that is not there is one to ask again: %s', async (host) => {
    const put = open({ endpoint: `http://${host}:1` }).put(NAME, Buffer.from('a'), signal);
    await expect(put).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(put).rejects.toThrow('ECONNREFUSED');
  });
});
