/** Case 21, listings of thousands of shards: DescribeStream gives a hundred at a time, ten times a second for an account. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SourceUnavailableError } from '../../sources/errors.ts';
import { openSource } from '../../sources/open.ts';
import type { Source } from '../../sources/source.ts';
import { FakeAws, faults, systemClock } from '../support/fake-aws/index.ts';
import { never, useEmulatorEnvironment } from './source.contract.ts';

const SHARDS = 1550;
const PAGES = Math.ceil(SHARDS / 100);

let fake: FakeAws<typeof systemClock>;
let source: Source;

beforeEach(async () => {
  useEmulatorEnvironment();
  fake = await FakeAws.start({ clock: systemClock, limits: { enforced: true } });
  fake.createTable('orders', { shards: SHARDS });
  source = openSource({ kind: 'dynamodb', table: 'orders', endpoint: fake.endpoint });
});
afterEach(async () => {
  source.close();
  await fake.stop();
});

const listed = async () => new Set((await source.listShards(never)).map(({ shardId }) => shardId)).size;

test('case 21: a long listing keeps to the pace of DescribeStream, and is not refused once', async () => {
  expect(await listed()).toBe(SHARDS);
  expect(fake.calls('DescribeStream')).toHaveLength(PAGES);
});

test('case 21: a page that another reader of the account has kept it from is asked for again, and no page before it', async () => {
  const isFurther = (call: { readonly input: { readonly ExclusiveStartShardId?: string } }) =>
    call.input.ExclusiveStartShardId !== undefined;
  fake.faults.add({ operation: 'DescribeStream', where: isFurther, times: 4, fault: faults.throttled });
  expect(await listed()).toBe(SHARDS);
  expect(fake.faults.pending).toBe(0);
  expect(fake.calls('DescribeStream').filter((call) => !isFurther(call))).toHaveLength(1);
});

test('case 21: one that cannot begin is told at once', async () => {
  fake.faults.add({ operation: 'DescribeStream', times: 4, fault: faults.throttled });
  await expect(source.listShards(never)).rejects.toThrow(SourceUnavailableError);
});

test('case 21: shards that are not found ask for one listing together', async () => {
  await listed();
  const gone = fake.faults.add({ operation: 'GetShardIterator', times: 200, fault: faults.notFound });
  const shards = fake.table('orders').openShards.slice(0, 200);
  const reads = shards.map((shardId) => source.openShard(shardId, { at: 'horizon' }).next(never));
  const settled = await Promise.allSettled(reads);
  gone();
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  expect(fake.calls('DescribeStream').length).toBeLessThanOrEqual(4 * PAGES);
});
