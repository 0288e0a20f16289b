/**
 * However listings are told, whole or as differences, by whichever process, and whatever answers get lost: the lineage
 * becomes the same.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownListings } from '../../../../activities/reading/known-listings.ts';
import { advance, EMPTY_LINEAGE } from '../../../../bridge/lineage/lineage.ts';
import { observe } from '../../../../bridge/lineage/listing.ts';
import type { PipelineState, ShardListing, StartPoint } from '../../../../contracts/pipeline.ts';

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

function compare(states: { readonly whole: PipelineState; readonly told: PipelineState }): void {
  const { listed: _whole, ...whole } = states.whole;
  const { listed: _told, ...told } = states.told;
  expect(told).toEqual(whole);
}

test('O2 O6 differences to a listing come to the same as the listing itself', () => {
  let differences = 0;
  fc.assert(
    fc.property(parents, steps, (graph, all) => {
      const processes = Array.from({ length: PROCESSES }, () => new KnownListings());
      let whole = EMPTY_LINEAGE;
      let told = EMPTY_LINEAGE;
      let now = 1;
      const observeBoth = (shards: ShardListing & { shards: object }, answer: ShardListing): void => {
        whole = observe(whole, shards, HORIZON, now);
        told = observe(told, answer, HORIZON, now);
        if (!('shards' in answer) && answer.added.length + answer.gone.length > 0) differences += 1;
      };
      for (const step of all) {
        if (step.kind === 'wait') {
          now += step.hours * HOUR;
        } else if (step.kind === 'report') {
          const progress = { finished: step.finished, read: 1, taken: 1, quarantined: 0 };
          whole = advance(whole, { shards: { [name(step.shard)]: progress } });
          told = advance(told, { shards: { [name(step.shard)]: progress } });
        } else {
          if (step.restarts) processes[step.process] = new KnownListings();
          const shards = step.shards.map((shard) => ({
            shardId: name(shard),
            parents: (graph[shard] ?? []).filter((parent) => parent < shard).map(name),
          }));
          const answer = processes[step.process]!.tell(shards, told.listed);
          if (!step.isLost) observeBoth({ shards }, answer);
        }
        compare({ whole, told });
      }
    }),
    { numRuns: 500 },
  );
  expect(differences).toBeGreaterThan(100);
});
