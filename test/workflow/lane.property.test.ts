/**
 * Lanes on a real Temporal server, with their limits so small that each is reached again and again, under random traffic,
 * failures, verbs, ends from outside and workers that stop or die. Whatever happens: a key's events are handled one at a
 * time and in the order of their shard, none is lost, none begins again that has succeeded unless its answer was lost,
 * and each verb does once what its caller is told.
 *
 *     npm run test:property:lanes                             a few cases, as in CI
 *     KEYLANE_CASES=500 npm run test:property:lanes           more of them
 *     KEYLANE_SEED=42 npm run test:property:lanes             those of a seed, which a failure has printed
 *     KEYLANE_CASE='{...}' npm run test:property:lanes        the one that a failure has printed
 *
 * The last runs one case alone, and makes it smaller when it fails. How things fall in time is not in a case: one that
 * failed among others may need some repetitions.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WORKFLOW_TYPES } from '../../contracts/names.ts';
import { laneCases, type LaneCase } from '../support/lane-property/case.ts';
import { Fleet } from '../support/lane-property/fleet.ts';
import { RunningCase, type Counts } from '../support/lane-property/run-case.ts';

const SEED = Number(process.env['KEYLANE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const ONE_CASE = process.env['KEYLANE_CASE'];
/** Of the one case, how often it is repeated. */
const CASES = Number(process.env['KEYLANE_CASES'] ?? (ONE_CASE === undefined ? 12 : 3));
/** On each of two workers. */
const AT_ONCE = 4;
const TIME_LIMIT_MS = 120_000 + CASES * 5000;
/** Of one case, while it is made smaller. */
const SHRINKING_MS = 300_000;

const OFTEN = ['continued as new', 'ended idle', 'calls that failed', 'retry done'];
/** They may not happen in a few cases. */
const RARE = ['segments', 'skip done', 'replace done', 'calls that were killed', 'may have repeated', 'taken over'];

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
  if (ONE_CASE !== undefined) console.log(running.course.toString());
  for (const [what, count] of Object.entries(running.counts)) total[what] = (total[what] ?? 0) + count;
}

/** Runs of a kind that there have been. */
async function runs(query: string): Promise<number> {
  let sum = 0;
  for (const { harness } of fleets.values()) {
    sum += (await harness.client.workflow.count(`TaskQueue = "${harness.taskQueue}" AND ${query}`)).count;
  }
  return sum;
}

test.runIf(ONE_CASE !== undefined)(
  'the case that was given',
  async () => {
    const given = JSON.parse(ONE_CASE ?? '') as LaneCase;
    const result = await fc.check(fc.asyncProperty(laneCases, check), {
      numRuns: CASES,
      interruptAfterTimeLimit: SHRINKING_MS,
      examples: Array.from({ length: CASES }, () => [given] as [LaneCase]),
    });
    if (!result.failed || result.counterexample === null) return;
    const [smallest] = result.counterexample;
    throw new Error(`${String(result.errorInstance)}\nMade smaller:\n${repeat(smallest)}`);
  },
  SHRINKING_MS + 120_000,
);

test.skipIf(ONE_CASE !== undefined)(
  'O1 O4 O5 O6 O11 whatever happens to lanes, their events come out in order, none is lost or doubled, and verbs do what they say',
  async () => {
    const begun = performance.now();
    const failures: string[] = [];
    const cases = fc.sample(laneCases, { numRuns: CASES, seed: SEED });
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
    const isLane = `WorkflowType = "${WORKFLOW_TYPES.lane}" AND ExecutionStatus`;
    total['continued as new'] = await runs(`${isLane} = "ContinuedAsNew"`);
    total['ended idle'] = await runs(`${isLane} = "Completed"`);
    total['segments'] = await runs(`WorkflowType = "${WORKFLOW_TYPES.segment}"`);
    expect(await runs(`${isLane} = "Failed"`)).toBe(0);
    console.log(`${CASES} cases of seed ${SEED} in ${seconds} s`, total);
    // It must have hurt.
    for (const what of [...OFTEN, ...(CASES >= 500 ? RARE : [])]) expect(total[what] ?? 0, what).toBeGreaterThan(0);
  },
  TIME_LIMIT_MS,
);

function repeat(one: LaneCase): string {
  return `KEYLANE_CASE='${JSON.stringify(one)}' npm run test:property:lanes`;
}
