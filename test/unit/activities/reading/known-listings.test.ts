import { describe, expect, test } from 'vitest';
import { KnownListings } from '../../../../activities/reading/known-listings.ts';

const shard = (shardId: string, ...parents: string[]) => ({ shardId, parents, closed: false });
const told = (shardId: string, ...parents: string[]) => ({ shardId, parents });

describe('a listing is told', () => {
  test('whole, without what the lineage has no use for, when nothing has been taken in', () => {
    const { digest, ...listing } = new KnownListings().describe([shard('a'), shard('b', 'a')], undefined);
    expect(listing).toEqual({ shards: [told('a'), told('b', 'a')] });
    expect(digest).toMatch(/^[\w-]{20}$/);
  });

  test('as the difference to the listing that was taken in last', () => {
    const listings = new KnownListings();
    const { digest } = listings.describe([shard('a'), shard('b', 'a')], undefined);
    expect(listings.describe([shard('b', 'a'), shard('c', 'b')], digest)).toMatchObject({
      added: [told('c', 'b')],
      gone: ['a'],
    });
  });

  test('whole by a process that did not tell the one before', () => {
    const { digest } = new KnownListings().describe([shard('a')], undefined);
    expect(new KnownListings().describe([shard('b')], digest)).toMatchObject({ shards: [told('b')] });
  });

  test('as no difference by a process that has never seen it before, when it is the same', () => {
    const { digest } = new KnownListings().describe([shard('a'), shard('b')], undefined);
    const again = new KnownListings().describe([shard('b'), shard('a'), shard('b')], digest);
    expect(again).toEqual({ added: [], gone: [], digest });
  });

  test('the same again when its answer was lost', () => {
    const listings = new KnownListings();
    const { digest } = listings.describe([shard('a')], undefined);
    const lost = listings.describe([shard('b')], digest);
    expect(listings.describe([shard('b')], digest)).toEqual(lost);
  });

  test('with each shard once, however often the source has it', () => {
    expect(new KnownListings().describe([shard('a'), shard('a')], undefined)).toMatchObject({ shards: [told('a')] });
  });

  test('whole again when the one that was taken in was long ago', () => {
    const listings = new KnownListings();
    const { digest } = listings.describe([shard('a')], undefined);
    for (const id of ['b', 'c', 'd']) listings.describe([shard(id)], undefined);
    expect(listings.describe([shard('e')], digest)).toMatchObject({ gone: ['a'] });
    expect(listings.describe([shard('f')], digest)).toMatchObject({ shards: [told('f')] });
  });
});
