/**
 * Lanes on a real Temporal server, in both hostings, with their limits so small that each is reached again and again, under
 * random traffic, failures, verbs, ends from outside and workers that stop or die. Whatever happens: a key's events are handled
 * one at a time and in the order of their shard, none is lost, none begins again that has succeeded unless its answer was
 * lost, and each verb does once what its caller is told. In the end every key of a pool is back in it.
 *
 *     npm run test:property:lanes                             a few cases of each hosting, as in CI
 *     KEYLANE_CASES=500 npm run test:property:lanes           more of them
 *     KEYLANE_CASES=500 npm run test:property:lanes -- -t pooled
 *     KEYLANE_SEED=42 npm run test:property:lanes             those of a seed, which a failure has printed
 *     KEYLANE_CASE='{...}' npm run test:property:lanes        the one that a failure has printed
 *
 * The last runs one case alone, and makes it smaller when it fails. How things fall in time is not in a case: one that
 * failed among others may need some repetitions.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORKFLOW_TYPES } from '../../contracts/names.ts';
import { casesOf, type Hosting, type LaneCase } from '../support/lane-property/case.ts';
import { Fleet } from '../support/lane-property/fleet.ts';
import { RunningCase, type Counts } from '../support/lane-property/run-case.ts';

const SEED = Number(process.env['KEYLANE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const ONE_CASE = process.env['KEYLANE_CASE'];
const GIVEN = ONE_CASE === undefined ? undefined : (JSON.parse(ONE_CASE) as LaneCase);
/** Of the one case, how often it is repeated. */
const REPEATED = Number(process.env['KEYLANE_CASES'] ?? 3);
const CASES = {
  own: Number(process.env['KEYLANE_CASES'] ?? 12),
  pooled: Number(process.env['KEYLANE_CASES'] ?? 6),
} as const;
/** On each of two workers. */
const AT_ONCE = 4;
const SHRINKING_MS = 300_000;

const OFTEN = {
  own: ['continued as new', 'ended', 'calls that failed', 'retry done'],
  pooled: ['pools continued as new', 'ended', 'calls that failed', 'handled in pools'],
} as const;
/** They may not happen in a few cases. */
const RARE = {
  own: ['segments', 'skip done', 'replace done', 'calls that were killed', 'may have repeated', 'taken over'],
  pooled: ['segments', 'skip done', 'pause done', 'calls that were killed', 'may have repeated', 'taken over'],
} as const;

describe.each(['own', 'pooled'] as const)('%s hosting', (hosting) => {
  const fleets = new Map<boolean, Fleet>();
  const total: Counts = {};
  let started = 0;

  beforeAll(async () => {
    for (const replayed of [false, true]) fleets.set(replayed, await Fleet.start({ replayed }));
  });
  afterAll(async () => {
    await Promise.all([...fleets.values()].map((fleet) => fleet.stop()));
  });

  async function check(one: LaneCase): Promise<void> {
    started += 1;
    const running = new RunningCase(one, started, fleets.get(one.replayed)!);
    await running.run();
    if (GIVEN !== undefined) console.log(running.course.toString());
    for (const [what, count] of Object.entries(running.counts)) total[what] = (total[what] ?? 0) + count;
  }

  /** Runs of a kind that there have been. */
  async function runs(type: string, status?: string): Promise<number> {
    const query = `WorkflowType = "${type}"${status === undefined ? '' : ` AND ExecutionStatus = "${status}"`}`;
    let sum = 0;
    for (const { harness } of fleets.values()) {
      sum += (await harness.client.workflow.count(`TaskQueue = "${harness.taskQueue}" AND ${query}`)).count;
    }
    return sum;
  }

  test.runIf(GIVEN !== undefined && hostingOf(GIVEN) === hosting)(
    'the case that was given',
    async () => {
      const result = await fc.check(fc.asyncProperty(casesOf(hosting), check), {
        numRuns: REPEATED,
        interruptAfterTimeLimit: SHRINKING_MS,
        examples: Array.from({ length: REPEATED }, () => [GIVEN] as [LaneCase]),
      });
      if (!result.failed || result.counterexample === null) return;
      const [smallest] = result.counterexample;
      throw new Error(`${String(result.errorInstance)}\nMade smaller:\n${repeat(smallest)}`);
    },
    SHRINKING_MS + 120_000,
  );

  test.skipIf(GIVEN !== undefined)(
    'O1 O4 O5 O6 O11 whatever happens to lanes, their events come out in order, none is lost or doubled, and verbs do what they say',
    async () => {
      const begun = performance.now();
      const failures: string[] = [];
      const cases = fc.sample(casesOf(hosting), { numRuns: CASES[hosting], seed: SEED });
      const work = async (left: LaneCase[]): Promise<void> => {
        for (let one = left.pop(); one !== undefined && failures.length === 0; one = left.pop()) {
          await check(one).catch((error: unknown) => {
            failures.push(`${error instanceof Error ? error.message : String(error)}\n${repeat(one)}`);
          });
        }
      };
      const queues = [true, false].map((replayed) => cases.filter((one) => one.replayed === replayed));
      await Promise.all(queues.flatMap((left) => Array.from({ length: AT_ONCE }, () => work(left))));
      if (failures.length > 0) throw new Error(`Of seed ${SEED}:\n${failures.join('\n\n')}`);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      total['continued as new'] = await runs(WORKFLOW_TYPES.lane, 'ContinuedAsNew');
      total['pools continued as new'] = await runs(WORKFLOW_TYPES.pool, 'ContinuedAsNew');
      total['ended'] = await runs(WORKFLOW_TYPES.lane, 'Completed');
      total['segments'] = await runs(WORKFLOW_TYPES.segment);
      for (const type of [WORKFLOW_TYPES.lane, WORKFLOW_TYPES.pool]) expect(await runs(type, 'Failed')).toBe(0);
      console.log(`${CASES[hosting]} cases of seed ${SEED} in ${seconds} s, ${hosting} hosting`, total);
      // It must have hurt.
      const hurt = [...OFTEN[hosting], ...(CASES[hosting] >= 500 ? RARE[hosting] : [])];
      for (const what of hurt) expect(total[what] ?? 0, what).toBeGreaterThan(0);
    },
    120_000 + CASES[hosting] * 5000,
  );
});

function hostingOf({ pools }: LaneCase): Hosting {
  return pools === undefined ? 'own' : 'pooled';
}

function repeat(one: LaneCase): string {
  return `KEYLANE_CASE='${JSON.stringify(one)}' npm run test:property:lanes`;
}
