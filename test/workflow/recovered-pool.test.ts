/**
 * Pools that are terminated while a request to the lane of a moved key is in flight, on a real Temporal server: whatever has
 * become of the request by the time the next run recovers the pool, each event is handled once and in order.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { LaneHarness } from '../support/lane-harness.ts';
import { Ledger, upTo } from '../support/ledger.ts';
import { eventOf, KEY, movedOut, startLane, startPool, toForward } from '../support/pool-on-its-way.ts';

let lanes: LaneHarness;
let ledger: Ledger;
/** The event that fails. */
let poison: number | undefined;

beforeEach(async () => {
  ledger = new Ledger();
  poison = undefined;
  lanes = await LaneHarness.start({
    handler: (event) => {
      const { n } = event.json() as { n: number };
      if (n === poison) throw new Error('poison');
      ledger.note(event.key, n);
    },
    handling: { retry: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 } },
    lane: { heartbeatTimeoutMs: 500 },
  });
});
afterEach(() => lanes.stop());

async function untilLaneIs(status: 'COMPLETED' | 'RUNNING'): Promise<void> {
  await eventually(async () => (await lanes.lane(KEY).describe()).status.name === status);
}

async function untilBlocked(): Promise<void> {
  await eventually(async () => (await lanes.view(KEY)).phase.state === 'blocked');
}

async function release(): Promise<void> {
  poison = undefined;
  await lanes.decide(KEY, 'retry');
}

async function recover(next: number): Promise<void> {
  await lanes.poolHandle.terminate('by mistake');
  await lanes.pool([{ key: KEY, ...eventOf(next) }]);
}

/** A lane that should not exist would have completed by then as well. */
async function expectAllInPool(count: number): Promise<void> {
  await eventually(() => ledger.of(KEY).includes(count), 30_000);
  await eventually(async () => (await lanes.whereIs(KEY)) === 'pool');
  const query = `WorkflowType = "lane" AND TaskQueue = "${lanes.taskQueue}" AND ExecutionStatus = "Running"`;
  await eventually(async () => (await lanes.client.workflow.count(query)).count === 0);
  expect(ledger.of(KEY)).toEqual(upTo(count));
}

describe('O1 O4 O6 a pool that is terminated just as it', { timeout: 60_000 }, () => {
  test('started a lane, which has completed by the time the pool is recovered', async () => {
    const moved = movedOut();
    await startPool(lanes, moved);
    await startLane(lanes, moved.start());
    await untilLaneIs('COMPLETED');
    await recover(2);
    await expectAllInPool(2);
  });

  test('started a lane, which is blocked when the pool is recovered', async () => {
    poison = 2;
    const moved = movedOut(2);
    await startPool(lanes, moved);
    await startLane(lanes, moved.start());
    await untilBlocked();
    await recover(3);
    await eventually(async () => (await lanes.view(KEY)).waiting === 1, 30_000);
    await release();
    await expectAllInPool(3);
  });

  test('started a lane, which was terminated as well after it had handled an event', async () => {
    poison = 2;
    const moved = movedOut(2);
    await startPool(lanes, moved);
    await startLane(lanes, moved.start());
    await untilBlocked();
    await lanes.lane(KEY).terminate('by mistake');
    await recover(3);
    await untilLaneIs('RUNNING');
    await eventually(async () => (await lanes.view(KEY)).waiting === 1, 30_000);
    await release();
    await expectAllInPool(3);
  });

  test('had a busy lane, and no request in flight, gets the key back when the lane has finished', async () => {
    poison = 1;
    await lanes.pool([{ key: KEY, ...eventOf(1) }]);
    await eventually(async () => (await lanes.whereIs(KEY)) === 'lane');
    await untilBlocked();
    await lanes.poolHandle.terminate('by mistake');
    await lanes.pool([{ ...eventOf(2), key: 'b' }]);
    await eventually(async () => (await lanes.poolView()).recovering === undefined, 30_000);
    await release();
    await expectAllInPool(1);
  });

  test('was about to start a lane, and did not', async () => {
    await startPool(lanes, movedOut());
    await recover(2);
    await expectAllInPool(2);
  });

  test('forwarded to a lane, which has handled that and completed by the time the pool is recovered', async () => {
    const { moved, start } = toForward();
    await startPool(lanes, moved);
    await startLane(lanes, start, moved.start());
    await untilLaneIs('COMPLETED');
    expect(ledger.of(KEY)).toEqual([1, 2]);
    await recover(3);
    await expectAllInPool(3);
  });

  test('was about to forward to a lane that has completed, and did not', async () => {
    const { moved, start } = toForward();
    await startPool(lanes, moved);
    await startLane(lanes, start);
    await untilLaneIs('COMPLETED');
    await recover(3);
    await expectAllInPool(3);
  });
});
