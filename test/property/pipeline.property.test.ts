/**
 * Whatever shards do, listings say and processes suffer, in either hosting: every key's records are accepted once, in the order in which
 * they were written, no child before its parents, all that the source still has; and the run ends.
 *
 *     npm run test:property                                    as many cases as in CI
 *     KEYLANE_CASES=10000 npm run test:property                more of them
 *     KEYLANE_CASE='{"seed":...}' npm run test:property        the one that a failure has printed
 */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { scenarios, type Scenario } from './simulation/scenario.ts';
import { Simulation, type Course } from './simulation/simulation.ts';

vi.mock('@temporalio/workflow', () => import('./simulation/workflow-runtime.ts'));

const CASES = Number(process.env['KEYLANE_CASES'] ?? 200);
const ONE_CASE = process.env['KEYLANE_CASE'];
/** Far more than a case takes; what is left of it is for making a case that fails small. */
const TIME_LIMIT_MS = 60_000 + CASES * 500;

/** They may not happen in a few hundred cases. */
const RARE: ReadonlySet<string> = new Set<keyof Course>(['turnedAway', 'forgotAtWork', 'lostInGaps']);

type Counts = Omit<Course, 'failure'>;

/** What happened in all cases together. */
const total: Record<string, number> = {};

async function check(scenario: Scenario): Promise<void> {
  const { failure, ...counts } = await new Simulation(scenario).run();
  if (failure !== undefined) throw new Error(failure);
  for (const [name, count] of Object.entries(counts satisfies Counts)) total[name] = (total[name] ?? 0) + count;
}

test.runIf(ONE_CASE !== undefined)('the case that was given', async () => {
  await check(JSON.parse(ONE_CASE ?? '') as Scenario);
});

test.skipIf(ONE_CASE !== undefined)(
  'O1 O2 O4 O6: each key is accepted as it was written, whatever happens to shards, listings, readers and pipeline, in lanes or pools',
  async () => {
    const begun = performance.now();
    const result = await fc.check(fc.asyncProperty(scenarios, check), {
      numRuns: CASES,
      interruptAfterTimeLimit: TIME_LIMIT_MS - 20_000,
    });
    if (result.failed) {
      const why = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
      const smallest = JSON.stringify(result.counterexample?.[0]);
      throw new Error(
        `${why}\nCase ${result.numRuns} of seed ${result.seed}; made as small as could be:\n` +
          `KEYLANE_CASE='${smallest}' npm run test:property`,
      );
    }
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(`${result.numRuns} cases in ${seconds} s`, total);
    expect(result.numRuns).toBe(CASES);
    // It must have hurt, in every way.
    for (const [name, count] of Object.entries(total)) {
      if (CASES >= 1000 || !RARE.has(name)) expect(count, name).toBeGreaterThan(0);
    }
  },
  TIME_LIMIT_MS,
);
