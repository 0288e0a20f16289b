/** How a lane puts together what a terminated run of it held, when some of that is gone. */
import { describe, expect, test } from 'vitest';
import type { LaneState } from '../../../../contracts/lane/state.ts';
import { emptyLane } from '../../../../workflows/lane/core/machine.ts';
import { laneRecovery } from '../../../../workflows/lane/recovery.ts';
import { FAILING, laneEvents, OPTIONS } from '../../../support/lane-events.ts';

const RUN = { runId: 'r1', how: 'TERMINATED', at: 0 };
const recovery = laneRecovery(OPTIONS, async (lane) => await Promise.resolve(lane));
const blocked: LaneState = { ...emptyLane(0), phase: { state: 'blocked', ...FAILING } };

describe('O5: a blocked lane whose queue was too large for the answer with its state', () => {
  const begun = recovery.begin({ lane: blocked, queued: 2 }, RUN);

  test('stays blocked when its queue was read', async () => {
    const { lane } = await recovery.addItems(begun, laneEvents(1, 3));
    expect(lane.phase).toEqual(blocked.phase);
    expect(lane.queue).toEqual(laneEvents(1, 3));
  });

  test('stays blocked when its head was read, and says that events behind it are lost', async () => {
    const { lane } = recovery.markLost(await recovery.addItems(begun, laneEvents(1, 1)), 'some are lost');
    expect(lane).toMatchObject({ phase: blocked.phase, queue: laneEvents(1, 1), lost: 'some are lost' });
  });

  test('is not blocked by a failure of a head that is lost: the loss blocks the event that comes first', () => {
    const { lane } = recovery.markLost(begun, 'all are lost');
    expect(lane).toMatchObject({ phase: { state: 'idle' }, queue: [], lost: 'all are lost' });
  });
});

test('O4: when nothing is known about the terminated run, no signal is dropped because its lease is old', async () => {
  const late = { leaseUntil: 1, events: laneEvents(1, 1) };
  const { lane } = await recovery.addSignals(recovery.empty(), [late]);
  expect(lane.queue).toEqual(laneEvents(1, 1));
});
