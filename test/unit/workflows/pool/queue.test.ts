import { describe, expect, test } from 'vitest';
import { HealthyKeys, type Choice } from '../../../../workflows/pool/queue.ts';
import { phaseOf } from '../../../../workflows/pool/failing.ts';
import { FAILURE, laneEvent, laneEvents, POLICY } from '../../../support/lane-events.ts';

const CHOICE: Choice = { limits: { events: 10, bytes: 1024 * 1024 }, eventsPerKey: 3 };

function keysWith(waiting: Readonly<Record<string, number>>): HealthyKeys {
  const keys = new HealthyKeys([]);
  for (const [key, count] of Object.entries(waiting)) for (const event of laneEvents(1, count)) keys.add(key, event);
  return keys;
}

function carriedFrom(keys: HealthyKeys): HealthyKeys {
  const { waiting, failures } = JSON.parse(JSON.stringify(keys.toCarried())) as ReturnType<HealthyKeys['toCarried']>;
  return new HealthyKeys(waiting, failures);
}

const shapeOf = (taken: ReturnType<HealthyKeys['take']>) => taken.map(({ key, events }) => [key, events.length]);

describe('O1 O5 keys in batches', () => {
  test('a key is in one batch at the most, and its events leave when they are done', () => {
    const keys = keysWith({ a: 5, b: 1 });
    expect(shapeOf(keys.take(CHOICE))).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
    expect(keys.take(CHOICE)).toEqual([]);
    expect(keys.events).toBe(6);
    keys.release('a', 2);
    keys.release('b', 1);
    expect(keys.events).toBe(3);
    expect(keys.take(CHOICE)).toMatchObject([{ key: 'a', events: laneEvents(3, 5) }]);
  });

  test('what comes for a key in a batch waits behind it', () => {
    const keys = keysWith({ a: 1 });
    keys.take(CHOICE);
    keys.add('a', laneEvent(2));
    expect(keys.hasReady).toBe(false);
    keys.release('a', 1);
    expect(keys.take(CHOICE)).toMatchObject([{ key: 'a', events: [laneEvent(2)] }]);
  });

  test('keys are taken in the order in which they became ready', () => {
    const keys = keysWith({ a: 4, b: 1, c: 1 });
    keys.take({ ...CHOICE, mostKeys: 1 });
    keys.release('a', 3);
    expect(shapeOf(keys.take(CHOICE)).map(([key]) => key)).toEqual(['b', 'c', 'a']);
  });

  test('a batch stays within its limits, one event excepted', () => {
    const keys = keysWith({ a: 3, b: 3, c: 3, d: 3 });
    expect(shapeOf(keys.take(CHOICE))).toEqual([
      ['a', 3],
      ['b', 3],
      ['c', 3],
      ['d', 1],
    ]);
    const large = keysWith({ a: 2, b: 1 });
    expect(shapeOf(large.take({ ...CHOICE, limits: { events: 10, bytes: 1 } }))).toEqual([['a', 1]]);
  });

  test('a key that was lost or failed tries one event, until one is done', () => {
    const keys = keysWith({ a: 3, b: 3 });
    keys.take(CHOICE);
    keys.release('a', 0);
    keys.lost('a');
    keys.release('b', 0);
    keys.failed('b', { failure: FAILURE, policy: POLICY }, 1000);
    expect(keys.lossesOf('a')).toBe(1);
    expect(keys.take(CHOICE)).toMatchObject([
      { key: 'a', events: [laneEvent(1)], attempts: 0 },
      { key: 'b', events: [laneEvent(1)], attempts: 1 },
    ]);
    keys.release('a', 1);
    expect(keys.lossesOf('a')).toBe(0);
    expect(keys.take(CHOICE)).toMatchObject([{ key: 'a', events: laneEvents(2, 3), attempts: 0 }]);
  });

  test('a key that is taken out leaves nothing behind', () => {
    const keys = keysWith({ a: 3, b: 1 });
    expect(keys.remove('a')).toEqual(laneEvents(1, 3));
    expect(keys.remove('a')).toEqual([]);
    expect(keys.events).toBe(1);
    expect(shapeOf(keys.take(CHOICE))).toEqual([['b', 1]]);
    keys.release('b', 1);
    expect(keys.bytes).toBe(0);
  });

  test('what is carried is all of it, in the order of the turns', () => {
    const keys = keysWith({ a: 4, b: 2 });
    keys.take({ ...CHOICE, mostKeys: 1 });
    keys.release('a', 3);
    keys.lost('b');
    const carried = carriedFrom(keys);
    expect(carried.toCarried()).toEqual(keys.toCarried());
    expect([carried.events, carried.bytes]).toEqual([keys.events, keys.bytes]);
    expect(shapeOf(carried.take(CHOICE))).toEqual([
      ['b', 1],
      ['a', 1],
    ]);
  });
});

describe('keys that fail (fault B8)', () => {
  const known = { failure: { ...FAILURE, stack: 'at here' }, policy: POLICY };

  test('one that leaves is not taken any more, and comes out in its turn', () => {
    const keys = keysWith({ a: 2, b: 1, c: 1 });
    keys.take({ ...CHOICE, mostKeys: 2 });
    for (const key of ['a', 'b']) {
      keys.release(key, 0);
      keys.failed(key, known, 1000);
      keys.leave(key);
    }
    expect(keys.failing()).toEqual({ keys: 2, events: 3, leaving: 2, sample: ['a', 'b'] });
    expect(shapeOf(keys.take(CHOICE))).toEqual([['c', 1]]);
    keys.add('a', laneEvent(9));
    expect(keys.hasReady).toBe(false);
    expect(keys.leaving(1)).toEqual(['a']);
    expect(keys.remove('a')).toHaveLength(3);
    expect(keys.leaving(9)).toEqual(['b']);
  });

  test('what is known of them is carried: each failure once, without its stack', () => {
    const keys = keysWith({ a: 1, b: 1, c: 1 });
    keys.take(CHOICE);
    for (const key of ['a', 'b', 'c']) keys.release(key, 0);
    keys.failed('a', known, 1000);
    keys.failed('a', known, 2000);
    keys.failed('b', known, 3000);
    keys.leave('b');
    const { failures, waiting } = keys.toCarried();
    expect(failures).toEqual([{ failure: FAILURE, policy: POLICY }]);
    expect(waiting).toHaveLength(3);
    const carried = carriedFrom(keys);
    expect(carried.failingOf('a')).toMatchObject({ attempts: 2, since: 1000, lastAt: 2000, known: failures![0] });
    expect(carried.leaving(9)).toEqual(['b']);
    expect(shapeOf(carried.take(CHOICE))).toEqual([
      ['a', 1],
      ['c', 1],
    ]);
  });

  test('of many different failures only so many are carried, and none is made up for the rest', () => {
    const keys = keysWith(Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`key-${index}`, 1])));
    const message = 'x'.repeat(1000);
    keys.take({ limits: { events: 1000, bytes: 1e9 }, eventsPerKey: 1 });
    for (let index = 0; index < 600; index += 1) {
      keys.release(`key-${index}`, 0);
      keys.failed(`key-${index}`, { ...known, failure: { ...FAILURE, message: `${index} ${message}` } }, 1000);
      keys.leave(`key-${index}`);
    }
    const { failures } = keys.toCarried();
    expect(JSON.stringify(failures).length).toBeLessThan(130 * 1024);
    const carried = carriedFrom(keys);
    expect(phaseOf(carried.failingOf('key-0'))).toMatchObject({ state: 'retrying', failure: { type: 'Error' } });
    expect(phaseOf(carried.failingOf('key-599'))).toMatchObject({
      state: 'blocked',
      attempts: 1,
      failure: { type: 'FailureNotKept' },
    });
  });
});
