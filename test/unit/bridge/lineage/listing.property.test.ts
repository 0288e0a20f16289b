/**
 * However listings are told, whole or as differences, by whichever process, and whatever answers get lost: the lineage
 * becomes the same.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownListings } from '../../../../activities/reading/known-listings.ts';
import { advance, EMPTY_LINEAGE, readable } from '../../../../bridge/lineage/lineage.ts';
import { observe } from '../../../../bridge/lineage/listing.ts';
import type { PipelineState } from '../../../../contracts/pipeline/state.ts';
import type { ShardListing } from '../../../../contracts/pipeline/shards.ts';
import type { StartPoint } from '../../../../contracts/pipeline/options.ts';

const HORIZON: StartPoint = { at: 'horizon' };
const HOUR = 3_600_000;
const SHARDS = 12;
const PROCESSES = 2;

const seldom = fc.nat(5).map((n) => n === 0);

/** Each shard has one or two parents among those before it. */
const parents = fc.array(fc.array(fc.nat(SHARDS), { maxLength: 2 }), { minLength: SHARDS, maxLength: SHARDS });
const listing = fc.record({
  kind: fc.constant('listing' as const),
  shards: fc.subarray(Array.from({ length: SHARDS }, (_, index) => index)),
  process: fc.nat(PROCESSES - 1),
  isLost: seldom,
  restarts: seldom,
});
const report = fc.record({ kind: fc.constant('report' as const), shard: fc.nat(SHARDS - 1), finished: fc.boolean() });
const wait = fc.record({ kind: fc.constant('wait' as const), hours: fc.nat(50) });
const steps = fc.array(fc.oneof(listing, listing, report, wait), { maxLength: 40 });

const name = (shard: number): string => `shard-${shard}`;

/**
 * @param hasLateParents a shard was listed after a child of it had finished. A difference tells nothing of that child,
 * so the shard may count as childless, and listings come more often than they must
 */
function compare(whole: PipelineState, told: PipelineState, hasLateParents: boolean): void {
  const { childless } = whole.finished;
  expect(told.finished.childless).toEqual(hasLateParents ? expect.arrayContaining([...childless]) : childless);
  const { listed: _whole, ...expected } = whole;
  expect({ ...told, listed: undefined, finished: { ...told.finished, childless } }).toEqual(expected);
}

function isUnknown({ shards, finished }: PipelineState, shardId: string): boolean {
  return shards[shardId] === undefined && finished.missingSince[shardId] === undefined;
}

function hasFinishedChild(
  { finished }: PipelineState,
  shardId: string,
  graph: readonly (readonly number[])[],
): boolean {
  return graph.some((of, child) => of.map(name).includes(shardId) && finished.missingSince[name(child)] !== undefined);
}

test('O2 O6 differences to a listing come to the same as the listing itself', () => {
  let differences = 0;
  fc.assert(
    fc.property(parents, steps, (graph, all) => {
      const processes = Array.from({ length: PROCESSES }, () => new KnownListings());
      let whole = EMPTY_LINEAGE;
      let told = EMPTY_LINEAGE;
      let now = 1;
      let hasLateParents = false;
      const observeBoth = (shards: ShardListing & { shards: object }, answer: ShardListing): void => {
        whole = observe(whole, shards, HORIZON, now);
        told = observe(told, answer, HORIZON, now);
        if (!('shards' in answer) && answer.added.length + answer.gone.length > 0) differences += 1;
      };
      for (const step of all) {
        if (step.kind === 'wait') {
          now += step.hours * HOUR;
        } else if (step.kind === 'report') {
          // Parents are read to their ends before (O2).
          const finished = step.finished && readable(told).some(({ shardId }) => shardId === name(step.shard));
          const progress = { finished, read: 1, taken: 1, quarantined: 0 };
          whole = advance(whole, { shards: { [name(step.shard)]: progress } });
          told = advance(told, { shards: { [name(step.shard)]: progress } });
        } else {
          if (step.restarts) processes[step.process] = new KnownListings();
          const shards = step.shards.map((shard) => ({
            shardId: name(shard),
            parents: (graph[shard] ?? []).filter((parent) => parent < shard).map(name),
          }));
          hasLateParents ||= shards.some(
            ({ shardId }) => isUnknown(told, shardId) && hasFinishedChild(told, shardId, graph),
          );
          const answer = processes[step.process]!.describe(shards, told.listed);
          if (!step.isLost) observeBoth({ shards }, answer);
        }
        compare(whole, told, hasLateParents);
      }
    }),
    { numRuns: 500 },
  );
  expect(differences).toBeGreaterThan(100);
});
