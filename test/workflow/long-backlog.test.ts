/** A blocked key under full traffic, on a real Temporal server: its backlog goes into segments, and comes back in order. */
import { afterEach, describe, expect, test } from 'vitest';
import { backlogPage } from '../../operations/lanes/backlog.ts';
import { QUERIES, WORKFLOW_TYPES } from '../../contracts/names.ts';
import type { BacklogView } from '../../contracts/lane/waiting.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvents, SHARD } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';

let lanes: LaneHarness;

afterEach(() => lanes.stop());

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Those that are open. */
async function segments(): Promise<number> {
  const query = `WorkflowType = "${WORKFLOW_TYPES.segment}" AND TaskQueue = "${lanes.taskQueue}" AND ExecutionStatus = "Running"`;
  return (await lanes.client.workflow.count(query)).count;
}

/** Every run that the key's lane has had. */
async function runs(key: string) {
  const found = [];
  for await (const run of lanes.client.workflow.list({ query: `WorkflowId = "${lanes.lane(key).workflowId}"` })) {
    found.push(run);
  }
  return found;
}

describe.each([
  { mode: 'cached', replayed: false, max: 1000 },
  { mode: 'replayed at every task', replayed: true, max: 240 },
])('a long backlog ($mode)', { timeout: 120_000 }, ({ max, replayed }) => {
  test('O1 O4 O5 O6 of a blocked key is kept in segments, counted exactly, and handled in order after its release', async () => {
    const seen: number[] = [];
    let isPoisoned = true;
    lanes = await LaneHarness.start({
      handler: (event) => {
        const { n } = event.json() as { n: number };
        if (n === 3 && isPoisoned) throw new Error('poison');
        seen.push(n);
      },
      handling: { retry: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 } },
      lane: { segments: { events: 40, bytes: 64 * 1024 }, signalsPerRun: 30 },
      replayed,
    });
    await lanes.send('a', laneEvents(1, 5));
    await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
    let sent = 5;
    for (; sent < max; sent += 7) await lanes.send('a', laneEvents(sent - 3, sent + 7));
    // The two that were handled, and the head.
    await eventually(async () => (await lanes.view('a')).waiting === sent - 3);
    // All but what queue and tail may keep, 40 each.
    const enough = max / 40 - 3;
    await eventually(async () => ((await lanes.view('a')).segments?.count ?? 0) > enough, 60_000);
    await eventually(async () => (await segments()) > enough);
    const page = { skip: Math.floor(max / 4), limit: Math.floor(max / 2) };
    const listed = await backlogPage(lanes.client, lanes.pipeline, 'a', page);
    expect(listed.total).toBe(sent - 2);
    // The head is 3.
    const expected = numbers(3 + page.skip, 2 + page.skip + page.limit).map((n) => `${SHARD}:${n}`);
    expect(listed.events.map(({ position }) => position)).toEqual(expected);

    // Over many runs, and what each of them carries on does not grow.
    expect((await runs('a')).length).toBeGreaterThan(1);
    expect(await lanes.lane('a').query<BacklogView>(QUERIES.backlog)).toMatchObject({ segments: { length: 1 } });

    isPoisoned = false;
    expect(await lanes.decide('a', 'retry')).toMatchObject({ outcome: 'done' });
    for (const until = sent + 140; sent < until; sent += 7) await lanes.send('a', laneEvents(sent + 1, sent + 7));
    await eventually(() => seen.length >= sent, 60_000);
    expect(seen).toEqual(numbers(1, sent));
    await eventually(async () => {
      const view = await lanes.view('a');
      return view.phase.state === 'idle' && view.waiting === 0 && view.segments === undefined;
    });
    expect(await lanes.view('a')).toMatchObject({ handled: sent });
    await eventually(async () => (await segments()) === 0);
    const courses = await runs('a');
    expect(courses.length).toBeGreaterThan(1);
    expect(new Set(courses.map(({ status }) => status.name))).toEqual(new Set(['CONTINUED_AS_NEW', 'RUNNING']));
  });
});
