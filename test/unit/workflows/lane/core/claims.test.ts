import { expect, test } from 'vitest';
import type { LaneEvent } from '../../../../../contracts/event/event.ts';
import { passed, released, withoutClaimsToDelete } from '../../../../../workflows/lane/core/claims.ts';
import { emptyLane } from '../../../../../workflows/lane/core/machine.ts';
import { laneEvent, laneEvents } from '../../../../support/lane-events.ts';

const claimed = (n: number): LaneEvent => {
  return { ...laneEvent(n), data: { claim: { name: `claim-${n}`, sha256: '', preview: '' } } };
};
const lane = emptyLane(0);
const numbers = (events: readonly LaneEvent[]) => events.map(({ position }) => Number(position.sequenceNumber));

test('data is given up once, and only that which is in the store', () => {
  expect(released(lane, [laneEvent(1)])).toBeUndefined();
  const once = { ...lane, ...released(lane, [laneEvent(1), claimed(2), claimed(3)]) };
  expect(once.claimsToDelete).toEqual(['claim-2', 'claim-3']);
  expect(released(once, [claimed(3), claimed(4)])?.claimsToDelete).toEqual(['claim-2', 'claim-3', 'claim-4']);
  expect(withoutClaimsToDelete(once, ['claim-2', 'claim-9']).claimsToDelete).toEqual(['claim-3']);
  const many =
    released(
      once,
      Array.from({ length: 500 }, (_, index) => claimed(index + 10)),
    )?.claimsToDelete ?? [];
  expect([many.length, many.at(-1)]).toEqual([300, 'claim-509']);
  expect('claimsToDelete' in withoutClaimsToDelete(once, ['claim-2', 'claim-3'])).toBe(false);
});

test('O11 what comes again stays while a decision names it, or another event of the lane', () => {
  const decision = {
    verb: 'skip',
    outcome: 'done',
    at: 0,
    by: 'ann',
    stateBefore: 'blocked',
    stateAfter: 'idle',
  } as const;
  const decided = { ...lane, decisions: [{ ...decision, claimBefore: 'claim-2' }] };
  expect(numbers(passed(decided, [claimed(1), claimed(2), claimed(3)]))).toEqual([1, 3]);
  const redriveSequence = { ...claimed(2), redriveSequence: '7' };
  expect(numbers(passed({ ...lane, queue: [redriveSequence] }, [claimed(1), claimed(2)]))).toEqual([1]);
});

test('O5 what comes again and is held still is not given up, and neither is what a segment may hold', () => {
  const again = laneEvents(1, 9);
  const backlog = {
    segments: [{ epoch: 'e', first: 1, last: 1 }],
    taken: 0,
    events: 2,
    bytes: 0,
    tail: laneEvents(8, 9),
  };
  expect(numbers(passed(lane, again))).toEqual(numbers(again));
  expect(numbers(passed({ ...lane, queue: laneEvents(4, 5) }, again))).toEqual([1, 2, 3]);
  expect(numbers(passed({ ...lane, queue: laneEvents(4, 5), backlog }, again))).toEqual([1, 2, 3]);
  // Nothing is known of a segment that comes next.
  expect(passed({ ...lane, queue: [], backlog }, again)).toEqual([]);
  expect(numbers(passed({ ...lane, backlog: { ...backlog, segments: [], events: 0 } }, again))).toEqual([
    1, 2, 3, 4, 5, 6, 7,
  ]);
  expect(numbers(passed({ ...lane, queue: laneEvents(4, 5) }, laneEvents(1, 9, 'another-shard')))).toEqual(
    numbers(again),
  );
});
