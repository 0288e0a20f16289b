import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimOf, Claims } from '../../../stores/claims.ts';
import { DataGoneError } from '../../../stores/errors.ts';
import { FolderStore } from '../../../stores/folder-store.ts';

const { signal } = new AbortController();
const position = { shardId: 'shardId-000000000003', sequenceNumber: '49590338', subSequenceNumber: 7 };

let folder: string;
let claims: Claims;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keylane-claims-'));
  claims = new Claims(new FolderStore(folder), 'orders');
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe('the name of data', () => {
  test('O5 two events with the same data have objects of their own: what is deleted for one is not the other’s', async () => {
    const bytes = Buffer.from('the same');
    const positions = [position, { ...position, subSequenceNumber: 8 }, { ...position, sequenceNumber: '49590339' }];
    const [one, ...others] = positions.map((each) => claimOf('orders', each, 'a', bytes));
    for (const claim of [one!, ...others]) await claims.write(claim, bytes, signal);
    await claims.delete(one!.name, signal);
    await expect(claims.read(one!, signal)).rejects.toBeInstanceOf(DataGoneError);
    for (const claim of others) expect(Buffer.from(await claims.read(claim, signal)).toString()).toBe('the same');
  });

  test('O6 is the same for the same record, and another one for other data', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const same = Buffer.compare(a, b) === 0;
        expect(claimOf('orders', position, 'a', a)).toEqual(claimOf('orders', position, 'a', Uint8Array.from(a)));
        expect(claimOf('orders', position, 'a', a).name === claimOf('orders', position, 'a', b).name).toBe(same);
      }),
    );
  });

  test('O5 one record in two lanes, or in the quarantine, has objects of their own', async () => {
    const bytes = Buffer.from('sent again under another key');
    const [one, ...others] = ['a', 'b', undefined].map((key) => claimOf('orders', position, key, bytes));
    for (const claim of [one!, ...others]) await claims.write(claim, bytes, signal);
    await claims.delete(one!.name, signal);
    for (const claim of others) expect(Buffer.compare(await claims.read(claim, signal), bytes)).toBe(0);
  });

  test('can be read by people', () => {
    const { name } = claimOf(
      'orders',
      { shardId: 'shardId-000000000003', sequenceNumber: '49590338' },
      undefined,
      Buffer.from('a'),
    );
    expect(name).toMatch(/^orders\/shardId-000000000003\/49590338-[0-9a-f]{64}$/);
    expect(claimOf('orders', position, 'a', Buffer.from('a')).name).toContain('/49590338.7-');
  });

  test.each([
    'orders/../../etc/passwd',
    '../orders/a/b',
    'orders/../b',
    'orders/a/.b',
    'orders/a',
    'orders//b',
    '/orders/a/b',
    'orders/a/b/c',
    'orders/a\\..\\b/c',
    'others/a/b',
    `orders/a/${'b'.repeat(300)}`,
  ])('%s leads nowhere: payloads can be sent by anybody who has access to Temporal', async (name) => {
    const claim = { name, sha256: '', preview: '' };
    await expect(claims.read(claim, signal)).rejects.toThrow('is not the name of');
    await expect(claims.write(claim, Buffer.from('a'), signal)).rejects.toThrow('is not the name of');
    await expect(claims.delete(name, signal)).rejects.toThrow('is not the name of');
  });
});

test('what is not the bytes that were written is not taken for them', async () => {
  const claim = claimOf('orders', position, 'a', Buffer.from('data'));
  await claims.write(claim, Buffer.from('data'), signal);
  await writeFile(join(folder, claim.name), 'date');
  const read = claims.read(claim, signal);
  await expect(read).rejects.toBeInstanceOf(DataGoneError);
  await expect(read).rejects.toThrow('is not what was written');
});

test('a claim shows how its data begins', () => {
  const previewOf = (data: Uint8Array) => claimOf('orders', position, 'a', data).preview;
  expect(previewOf(Buffer.from('{"order":1}'))).toBe('{"order":1}');
  expect(previewOf(Buffer.from('ä'.repeat(500)))).toBe('ä'.repeat(192));
  expect(previewOf(Buffer.from(`x${'ä'.repeat(500)}`))).toBe(`x${'ä'.repeat(191)}`);
  expect(previewOf(Buffer.from([0xff, 0xfe]))).toBe('//4=');
});
