import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isOtherStream,
  otherStreamText,
  seen,
  streamText,
  type StreamIdentity,
} from '../../../../contracts/pipeline/stream-identity.ts';

const NOW = Date.UTC(2026, 0, 31, 12);
const HOUR = 3_600_000;

const orders: StreamIdentity = {
  arn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders',
  region: 'eu-west-1',
  createdAt: '2026-01-01T00:00:00.000Z',
  oldestShard: { shardId: 'shardId-000000000000', beginning: '4967' },
  endpoint: 'https://kinesis.eu-west-1.amazonaws.com',
};
const table: StreamIdentity = {
  arn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders',
  region: 'eu-west-1',
  labels: ['2026-01-01T00:00:00.000'],
  enabled: '2026-01-01T00:00:00.000',
};

const other = (known: StreamIdentity, found: StreamIdentity, ageMs = 0): boolean =>
  isOtherStream(seen(undefined, known, NOW - ageMs), found, NOW);
const without = (stream: StreamIdentity, ...fields: (keyof StreamIdentity)[]): StreamIdentity =>
  Object.fromEntries(Object.entries(stream).filter(([field]) => !fields.includes(field as keyof StreamIdentity)));

describe('a Kinesis stream', () => {
  test.each<[string, Partial<StreamIdentity>]>([
    ['another account', { arn: 'arn:aws:kinesis:eu-west-1:999999999999:stream/orders' }],
    ['another region', { arn: 'arn:aws:kinesis:us-east-1:123456789012:stream/orders', region: 'us-east-1' }],
    ['created anew under its name, or on another emulator', { createdAt: '2026-01-02T00:00:00.000Z' }],
    ['an older one, on another emulator', { createdAt: '2025-12-31T00:00:00.000Z' }],
    ['another id', { id: 'stream-2' }],
  ])('is another one in %s (fault C1)', (_what, change) => {
    expect(other({ ...orders, id: 'stream-1' }, { ...orders, id: 'stream-1', ...change })).toBe(true);
  });

  test('is the same one by another endpoint: a VPC endpoint, or an emulator on another port (fault C1)', () => {
    expect(other(orders, { ...orders, endpoint: 'http://127.0.0.1:4567' })).toBe(false);
  });

  test('is told by its oldest shard where the right to describe it is missing (fault C2)', () => {
    const bare = without(orders, 'createdAt', 'arn');
    expect(other(bare, bare)).toBe(false);
    expect(other(bare, { ...bare, oldestShard: { shardId: 'shardId-000000000000', beginning: '4968' } })).toBe(true);
    // The oldest one has expired; nothing is known of where the next one begins.
    expect(other(bare, { ...bare, oldestShard: { shardId: 'shardId-000000000001', beginning: '4968' } })).toBe(false);
    expect(other(bare, { ...bare, region: 'us-east-1' })).toBe(true);
  });

  test('what is not known of one of them says nothing, whatever it is (fault C1)', () => {
    const fields = fc.subarray(Object.keys(orders) as (keyof StreamIdentity)[]);
    fc.assert(
      fc.property(fields, fields, (unknownBefore, unknownNow) => {
        expect(other(without(orders, ...unknownBefore), without(orders, ...unknownNow))).toBe(false);
      }),
    );
  });

  test('what was learned once is not forgotten when it cannot be learned again (fault C1)', () => {
    const known = seen(seen(undefined, orders, NOW), without(orders, 'arn', 'createdAt'), NOW);
    expect(isOtherStream(known, { ...orders, createdAt: '2026-01-02T00:00:00.000Z' }, NOW)).toBe(true);
  });
});

describe('the stream of a DynamoDB table', () => {
  test('is the same when it was disabled and enabled again, or the table created anew: the former one is still listed (fault C2)', () => {
    const next = '2026-01-31T11:00:00.000';
    expect(other(table, { ...table, labels: [...(table.labels ?? []), next], enabled: next })).toBe(false);
    expect(other(table, { ...without(table, 'enabled') })).toBe(false);
  });

  test('is another one when the stream that was enabled within the day is not listed (fault C1)', () => {
    const elsewhere = { ...table, labels: ['2026-01-30T00:00:00.000'], enabled: '2026-01-30T00:00:00.000' };
    expect(other(table, elsewhere, 22 * HOUR)).toBe(true);
    expect(other(table, elsewhere, 24 * HOUR)).toBe(false);
    // It was disabled when it was seen, so it may have gone at any time since.
    expect(other(without(table, 'enabled'), elsewhere)).toBe(false);
  });

  test('is another one in another account or region (fault C1)', () => {
    expect(other(table, { ...table, arn: 'arn:aws:dynamodb:ddblocal:000000000000:table/orders' })).toBe(true);
  });
});

test('the message names both streams, what differs, and what to do (fault C1)', () => {
  const found = { ...orders, createdAt: '2026-01-02T00:00:00.000Z', endpoint: 'http://127.0.0.1:4567' };
  const text = otherStreamText('orders', orders, found);
  expect(text).toContain(streamText(orders));
  expect(text).toContain(streamText(found));
  expect(text).toContain('created 2026-01-02T00:00:00.000Z, at http://127.0.0.1:4567');
  expect(text).toContain('--start-over');
});
