import { expect, test } from 'vitest';
import { StartedHere } from '../../../../activities/execution/started-here.ts';
import { lostFailure } from '../../../../activities/execution/failure.ts';
import { laneEvent } from '../../../support/lane-events.ts';

test.each([
  ['none', 0, 0, undefined],
  ['two in other processes', 2, 0, undefined],
  ['three in other processes', 3, 0, /died/],
  ['three of which two were here', 3, 2, undefined],
  ['nine here', 9, 9, undefined],
  ['ten here', 10, 12, /ran on/],
  ['five, two of them here', 5, 2, /died/],
])('attempts that were lost: %s (fault B14)', (_what, losses, here, message) => {
  const failure = lostFailure(losses, here);
  if (message === undefined) expect(failure).toBeUndefined();
  else expect(failure).toMatchObject({ type: 'HeartbeatTimeout', message: expect.stringMatching(message) as string });
});

test('a process knows how often it has started an event, which is another one when its data were replaced', () => {
  const started = new StartedHere();
  const [event, other] = [laneEvent(1), laneEvent(2)];
  started.add('p', 'a', event);
  started.add('p', 'a', event);
  expect(started.times('p', 'a', event)).toBe(2);
  expect(started.times('p', 'a', { ...event, replaced: 1 })).toBe(0);
  expect([started.times('p', 'a', other), started.times('p', 'b', event), started.times('q', 'a', event)]).toEqual([
    0, 0, 0,
  ]);
});
