import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { NonRetryableError } from '../../contracts/public/errors.ts';
import { SIGNALS } from '../../contracts/names.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';

/** RESET_REAPPLY_EXCLUDE_TYPE_UPDATE: enums of Temporal's API are types only here. */
const ALL_UPDATES = 2;
const SIGNALS_PER_RUN = 5;

let lanes: LaneHarness;
afterEach(() => lanes.stop());

test('O1: a lane that is reset and then continues as new ends without running anything (fault B15)', async () => {
  const handled: number[] = [];
  let isBad = true;
  lanes = await LaneHarness.start({
    lane: { signalsPerRun: SIGNALS_PER_RUN },
    handler: (event) => {
      const { n } = event.json() as { readonly n: number };
      if (n === 2 && isBad) throw new NonRetryableError('bad');
      handled.push(n);
    },
  });
  const send = (n: number) => lanes.pool([{ key: 'a', ...laneEvent(n, undefined, { n }), size: 20 }]);
  for (const n of [1, 2, 3]) await send(n);
  const lane = lanes.lane('a');
  await eventually(async () => expect((await lanes.view('a')).phase.state).toBe('blocked'));
  isBad = false;
  await lanes.decide('a', 'retry');
  await eventually(async () => expect((await lane.describe()).status.name).toBe('COMPLETED'));
  await send(4);
  await eventually(() => handled.includes(4));
  const { events } = await lane.fetchHistory();
  const { runId } = await lane.describe();
  const task = events!.find((event) => event.workflowTaskCompletedEventAttributes);
  const reset = await lanes.client.workflowService.resetWorkflowExecution({
    namespace: lanes.client.options.namespace,
    workflowExecution: { workflowId: lane.workflowId, runId },
    workflowTaskFinishEventId: task!.eventId!,
    // The retry would otherwise be sent once more.
    resetReapplyExcludeTypes: [ALL_UPDATES],
    requestId: randomUUID(),
    reason: 'by mistake',
  });
  await eventually(async () => expect((await lanes.view('a')).phase.state).toBe('blocked'));
  for (let sent = 0; sent < SIGNALS_PER_RUN; sent += 1)
    await lane.signal(SIGNALS.records, { leaseUntil: Date.now() + 60_000, events: [] });
  await eventually(async () => {
    const latest = await lane.describe();
    expect(latest.status.name).toBe('RUNNING');
    expect(latest.runId).not.toBe(reset.runId);
  });
  await lanes.decide('a', 'retry');
  await eventually(async () => expect((await lane.describe()).status.name).toBe('COMPLETED'));
  expect(handled).toEqual([1, 2, 3, 4]);
});
