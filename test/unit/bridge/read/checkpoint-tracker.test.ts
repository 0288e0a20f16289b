import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CheckpointTracker, type TrackedPosition } from '../../../../bridge/read/checkpoint-tracker.ts';

const at = (n: number) => ({ shardId: 'shard-0', sequenceNumber: String(n) });

test('O4: the checkpoint stays at its start until the first record is done', () => {
  const tracker = new CheckpointTracker(at(5));
  tracker.take(at(6));
  const second = tracker.take(at(7));
  tracker.done(second);
  expect(tracker.checkpoint).toEqual(at(5));
  expect(tracker.drained).toBe(false);
});

test('O4: in any order of done, the checkpoint is the highest position with everything before it done', () => {
  const step = fc.oneof(fc.constant('take' as const), fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const tracker = new CheckpointTracker();
      const tickets: { tracked: TrackedPosition; done: boolean }[] = [];
      for (const each of steps) {
        if (each === 'take') {
          tickets.push({ tracked: tracker.take(at(tickets.length + 1)), done: false });
        } else if (tickets.length > 0) {
          // Often a ticket that is done already: a second time must change nothing.
          const chosen = tickets[each % tickets.length]!;
          chosen.done = true;
          tracker.done(chosen.tracked);
        }
        const open = tickets.findIndex((tracked) => !tracked.done);
        const count = open === -1 ? tickets.length : open;
        expect(tracker.checkpoint).toEqual(count === 0 ? undefined : at(count));
        expect(tracker.drained).toBe(count === tickets.length);
      }
    }),
  );
});

test('O9: records that pass one that waits cost no memory', () => {
  const tracker = new CheckpointTracker();
  const waiting = tracker.take(at(1));
  for (let n = 2; n <= 10_000; n += 1) tracker.done(tracker.take(at(n)));
  expect(waiting.next?.position).toEqual(at(10_000));
  expect(waiting.next?.next).toBeUndefined();
  tracker.done(waiting);
  expect(tracker.checkpoint).toEqual(at(10_000));
  expect(tracker.drained).toBe(true);
});

test('a record that is not beyond the one before is refused, with both positions in the message', () => {
  const tracker = new CheckpointTracker();
  tracker.take({ ...at(10), subSequenceNumber: 1 });
  expect(() => tracker.take({ ...at(10), subSequenceNumber: 1 })).toThrow(/shard-0:10:1 after shard-0:10:1/);
  expect(() => tracker.take(at(9))).toThrow(RangeError);
  tracker.take({ ...at(10), subSequenceNumber: 2 });
});
