/** How a pool puts together what a terminated run of it held. */
import { expect, test, vi } from 'vitest';
import type { LaneEvent } from '../../../../contracts/event/event.ts';
import type { PoolState } from '../../../../contracts/pool/state.ts';
import { emptyPool, POOL_RECOVERY, type RecoveredPool } from '../../../../workflows/pool/recovery.ts';
import { itemsOf, snapshotOf } from '../../../../workflows/pool/snapshot.ts';
import { laneEvent } from '../../../support/lane-events.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));

const RUN = { runId: 'r1', how: 'TERMINATED', at: 0 };
const events = (...numbers: readonly number[]): readonly LaneEvent[] => numbers.map((n) => laneEvent(n));
const held: PoolState = {
  ...emptyPool(5),
  waiting: [
    { key: 'a', events: events(1, 4) },
    { key: 'b', events: events(2), attempts: 2, failing: { since: 1, lastAt: 2 } },
  ],
  moved: { c: { sent: 3, events: events(5) }, d: { sent: 1 } },
};

async function recovered({ state, items }: ReturnType<typeof snapshotOf>): Promise<RecoveredPool> {
  expect(itemsOf(held)).toHaveLength(items);
  return await POOL_RECOVERY.addItems(POOL_RECOVERY.begin(state, RUN), itemsOf(held));
}

const eventsByKey = ({ events: all }: RecoveredPool): unknown =>
  all.map(({ key, position }) => `${key} ${position.sequenceNumber}`);

test('O1 O5: all events of a pool come with its pages, each once and in the order of their keys', async () => {
  const snapshot = snapshotOf(held);
  expect(POOL_RECOVERY.begin(snapshot.state, RUN).events).toEqual([]);
  expect(eventsByKey(await recovered(snapshot))).toEqual(['a 1', 'a 4', 'b 2', 'c 5']);
});

test('O5: the state that an earlier run carried over has its events in it', () => {
  const begun = POOL_RECOVERY.begin(held, RUN);
  expect(eventsByKey(begun)).toEqual(['a 1', 'a 4', 'b 2']);
  expect(begun.state.waiting.every(({ events: own }) => own.length === 0)).toBe(true);
  // The pool gives these to the lane of the key: they are not placed again.
  expect(begun.state.moved['c']?.events).toEqual(events(5));
});

test('O3: what a pool knows about failed attempts of a key is recovered with it', async () => {
  const { state } = await recovered(snapshotOf(held));
  expect(state.waiting).toEqual([{ key: 'b', events: [], attempts: 2, failing: { since: 1, lastAt: 2 } }]);
});

test('O1 O6: whether a lane has received what the terminated run sent to it is not known, and is checked', async () => {
  const { state } = await recovered(snapshotOf(held));
  expect(state.moved).toEqual({ c: { sent: 3, deliveryUnknown: true }, d: { sent: 1, deliveryUnknown: true } });
});

test('O5: every loss is reported, also a second one', () => {
  const once = POOL_RECOVERY.markLost(POOL_RECOVERY.empty(), 'items are lost.');
  expect(POOL_RECOVERY.markLost(once, 'signals are lost.').state.lost).toBe('items are lost. signals are lost.');
});
