import { expect, test } from 'vitest';
import type { ShardInfo } from '../../../../contracts/pipeline/shards.ts';
import { linkGenerations } from '../../../../sources/dynamodb/generations.ts';

const shard = (shardId: string, ...parents: string[]): ShardInfo => ({ shardId, parents, closed: true });
const parentsOf = (...generations: ShardInfo[][]) =>
  Object.fromEntries(linkGenerations(generations).map(({ shardId, parents }) => [shardId, parents]));

test('one stream is as it is', () => {
  expect(parentsOf([shard('a'), shard('b', 'a')])).toEqual({ a: [], b: ['a'] });
});

test('O2: the first shards of a stream are children of all the last ones of the stream before', () => {
  const links = parentsOf([shard('a'), shard('b', 'a'), shard('c')], [shard('d'), shard('e'), shard('f', 'd')]);
  expect(links).toEqual({ a: [], b: ['a'], c: [], d: ['b', 'c'], e: ['b', 'c'], f: ['d'] });
});

test('O2: a stream of which no shard is left does not break the line', () => {
  expect(parentsOf([shard('a')], [], [shard('b')])).toEqual({ a: [], b: ['a'] });
});

test('a shard whose parent has gone keeps that parent', () => {
  expect(parentsOf([shard('a')], [shard('c', 'gone')])).toEqual({ a: [], c: ['gone'] });
});
