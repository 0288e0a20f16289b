import { describe, expect, test } from 'vitest';
import { HealthyKeys, type Choice } from '../../../../workflows/pool/healthy-keys.ts';
import { laneEvent, laneEvents } from '../../../support/lane-events.ts';

const CHOICE: Choice = { limits: { events: 10, bytes: 1024 * 1024 }, eventsPerKey: 3 };

function keysWith(waiting: Readonly<Record<string, number>>): HealthyKeys {
  const keys = new HealthyKeys([]);
  for (const [key, count] of Object.entries(waiting)) for (const event of laneEvents(1, count)) keys.add(key, event);
  return keys;
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
    keys.failed('b');
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
    const carried = new HealthyKeys(JSON.parse(JSON.stringify(keys.toWaiting())));
    expect(carried.toWaiting()).toEqual(keys.toWaiting());
    expect([carried.events, carried.bytes]).toEqual([keys.events, keys.bytes]);
    expect(shapeOf(carried.take(CHOICE))).toEqual([
      ['b', 1],
      ['a', 1],
    ]);
  });
});
