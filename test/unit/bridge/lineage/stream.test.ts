import { expect, test } from 'vitest';
import { EMPTY_LINEAGE, finish } from '../../../../bridge/lineage/lineage.ts';
import { observe } from '../../../../bridge/lineage/listing.ts';
import { observeStream } from '../../../../bridge/lineage/stream.ts';
import type { PipelineState } from '../../../../contracts/pipeline/state.ts';
import type { StreamIdentity } from '../../../../contracts/pipeline/stream-identity.ts';

const NOW = Date.UTC(2026, 0, 31);
const former: StreamIdentity = { arn: 'arn:orders', createdAt: '2026-01-01T00:00:00.000Z' };
const anew: StreamIdentity = { arn: 'arn:orders', createdAt: '2026-01-30T00:00:00.000Z' };
const shards = [
  { shardId: 's-0', parents: [] },
  { shardId: 's-1', parents: [] },
];

function reading(): PipelineState {
  const listed = observe(EMPTY_LINEAGE, { shards }, { at: 'horizon' }, NOW);
  const [first] = Object.values(listed.shards);
  return observeStream(finish(listed, [first!]), { shards, stream: former }, NOW);
}

test('a pipeline takes the stream of its first listing that tells for its own (fault C1)', () => {
  expect(reading().stream).toEqual({ ...former, seenAt: '2026-01-31T00:00:00.000Z' });
  expect(observeStream(reading(), { shards }, NOW)).toEqual(reading());
});

test('O4 O10 another stream stops it; what was not read of the former one is a gap, once (fault C2)', () => {
  const stopped = observeStream(reading(), { shards, stream: anew }, NOW);
  expect(stopped.otherStream).toMatchObject({ found: anew, since: NOW });
  expect(stopped.stream).toMatchObject(former);
  expect(stopped.shards).toEqual(reading().shards);
  expect(stopped.gaps).toEqual([{ shardId: 's-1', at: NOW }]);
  const later = observeStream(stopped, { shards, stream: anew }, NOW + 60_000);
  expect(later.otherStream?.since).toBe(NOW);
  expect(later.gapCount).toBe(1);
  // Without a description nobody knows which one it is.
  expect(observeStream(later, { shards }, NOW)).toEqual(later);
});

test('it goes on when its own stream is there again: a process with another place in its environment had listed (fault C1)', () => {
  const elsewhere = { ...former, arn: 'arn:elsewhere' };
  const stopped = observeStream(reading(), { shards, stream: elsewhere }, NOW);
  expect(stopped.otherStream).toBeDefined();
  expect(stopped.gaps).toBeUndefined();
  expect(observeStream(stopped, { shards, stream: former }, NOW)).toEqual(reading());
});

test('since when a stream does not keep the order of a key, and that it does again (fault C4)', () => {
  const unordered = observeStream(reading(), { shards, stream: former, unordered: true }, NOW);
  expect(unordered.unordered).toEqual({ since: NOW });
  const later = observeStream(unordered, { shards, stream: former, unordered: true }, NOW + 60_000);
  expect(later.unordered).toEqual({ since: NOW });
  expect(observeStream(later, { shards, stream: former }, NOW).unordered).toEqual({ since: NOW });
  expect(observeStream(later, { shards, stream: former, unordered: false }, NOW).unordered).toBeUndefined();
});
