import { advance, EMPTY_LINEAGE } from '../../bridge/lineage/lineage.ts';
import { observe } from '../../bridge/lineage/listing.ts';
import type { PipelineState } from '../../contracts/pipeline/state.ts';

/** What a shard takes of the state that is carried from run to run, in bytes. */
export interface ShardBytes {
  readonly ids: string;
  readonly live: number;
  readonly finished: number;
}

interface Ids {
  readonly ids: string;
  readonly shardId: (n: number) => string;
  readonly digits: number;
}

const NOW = 1_700_000_000_000;
const SHARDS = 1000;

const digitsOf = (n: number, digits: number): string => String(n).padStart(digits, '0');
const hexOf = (n: number): string => n.toString(16).padStart(8, '0');

const KINDS: readonly Ids[] = [
  { ids: 'Kinesis', shardId: (n) => `shardId-${digitsOf(n, 12)}`, digits: 56 },
  { ids: 'DynamoDB, as they are', shardId: (n) => `shardId-${digitsOf(NOW + n, 20)}-${hexOf(n)}`, digits: 30 },
  { ids: 'DynamoDB, the longest', shardId: (n) => `shardId-${digitsOf(NOW + n, 48)}-${hexOf(n)}`, digits: 40 },
];

export function measureState(): readonly ShardBytes[] {
  return KINDS.map((kind) => {
    const [children, parents] = [stateWith(kind, false), stateWith(kind, true)];
    return {
      ids: kind.ids,
      live: bytesOf(children.shards) / SHARDS,
      finished: bytesOf(parents.finished.missingSince) / SHARDS,
    };
  });
}

/** Parents that have been read, and left the listing if `gone`; their children are being read. */
function stateWith({ digits, shardId }: Ids, gone: boolean): PipelineState {
  const numbers = Array.from({ length: SHARDS }, (_, n) => n);
  const parents = numbers.map((n) => ({ shardId: shardId(n), parents: [] }));
  const children = numbers.map((n) => ({ shardId: shardId(n + SHARDS), parents: [shardId(n)] }));
  const progress = (shard: string, finished: boolean) => ({
    checkpoint: { shardId: shard, sequenceNumber: '4'.repeat(digits) },
    finished,
    lagMs: 0,
    consumedUntil: NOW,
    read: 123_456,
    taken: 123_456,
    quarantined: 0,
  });
  let state = observe(EMPTY_LINEAGE, { shards: [...parents, ...children] }, { at: 'horizon' }, NOW);
  for (const [shards, finished] of [
    [parents, true],
    [children, false],
  ] as const) {
    const reports = shards.map((shard) => [shard.shardId, progress(shard.shardId, finished)] as const);
    state = advance(state, { shards: Object.fromEntries(reports) });
  }
  return gone ? observe(state, { shards: children }, { at: 'horizon' }, NOW) : state;
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
