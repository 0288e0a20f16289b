import { describe, expect, test } from 'vitest';
import { FORWARDED_MARK } from '../../../../../contracts/pool/messages.ts';
import { emptyLane } from '../../../../../workflows/lane/core/machine.ts';
import { MovedKeys, type Errand } from '../../../../../workflows/pool/moved/moved-keys.ts';
import { laneEvent, laneEvents } from '../../../../support/lane-events.ts';

const ENDED = { runId: 'run', how: 'TERMINATED', at: 1 };

function movedOut(count: number): MovedKeys {
  const moved = new MovedKeys({});
  moved.moveOut('a', { ...emptyLane(0), queue: laneEvents(1, count) }, 'first');
  return moved;
}

function begun(count: number): MovedKeys {
  const moved = movedOut(count);
  moved.succeeded(moved.begin() as Errand);
  return moved;
}

const numbersOf = (errand: Errand | undefined) =>
  errand?.kind === 'forward' ? errand.events.map(({ forwarded }) => forwarded) : undefined;

describe('keys with a lane of their own', () => {
  test('O4 O6 a lane begins with what waited, numbered, and a mark behind it', () => {
    const errand = movedOut(2).begin();
    expect(errand).toMatchObject({
      kind: 'start',
      begin: { kind: 'anew', lane: { queue: [{ forwarded: '1' }, { forwarded: '2' }] } },
    });
    const { begin } = errand as Errand & { readonly kind: 'start' };
    expect(begin.kind === 'anew' && begin.lane.marks).toEqual({
      [FORWARDED_MARK]: { shardId: FORWARDED_MARK, sequenceNumber: '2' },
    });
  });

  test('O1 O9 what is too much for one request is forwarded when the lane has begun', () => {
    const moved = movedOut(1200);
    const start = moved.begin() as Errand & { readonly kind: 'start' };
    expect(start.begin.kind === 'anew' && start.begin.lane.queue).toHaveLength(500);
    moved.succeeded(start);
    const forwards = [500, 200].map((count) => {
      const errand = moved.begin() as Errand;
      expect(numbersOf(errand)).toHaveLength(count);
      moved.succeeded(errand);
      return numbersOf(errand);
    });
    expect(forwards.flat()).toEqual(Array.from({ length: 700 }, (_, index) => String(501 + index)));
    expect(moved.finished('a', 1200)).toEqual([]);
  });

  test('O1 O5 a look at a lane is one request without events: it finds a lane that was terminated, and changes nothing else (fault G4)', () => {
    const moved = begun(2);
    moved.look('nobody');
    expect(moved.begin()).toBeUndefined();
    moved.look('a');
    const look = moved.begin() as Errand;
    expect(numbersOf(look)).toEqual([]);
    moved.look('a');
    expect(moved.begin()).toBeUndefined();
    moved.succeeded(look);
    expect(moved.hasReady).toBe(false);

    moved.look('a');
    const again = moved.begin() as Errand;
    expect(moved.gone(again)).toBeUndefined();
    moved.begunAgain(again, ENDED);
    expect(moved.begin()).toMatchObject({ kind: 'start', begin: { kind: 'taking over', predecessor: ENDED } });

    const back = begun(2);
    back.look('a');
    const meanwhile = back.begin() as Errand;
    expect(back.finished('a', 2)).toBeUndefined();
    expect(back.gone(meanwhile)).toEqual([]);
  });

  test('O1 nothing is forwarded before the lane has begun, and one request at a time', () => {
    const moved = movedOut(1);
    const start = moved.begin() as Errand;
    moved.add('a', laneEvent(2));
    expect(moved.begin()).toBeUndefined();
    moved.succeeded(start);
    const first = moved.begin();
    expect(numbersOf(first)).toEqual(['2']);
    moved.add('a', laneEvent(3));
    expect(moved.begin()).toBeUndefined();
    moved.succeeded(first as Errand);
    expect(numbersOf(moved.begin())).toEqual(['3']);
  });

  test('O5 what failed is on its way again, with the same number', () => {
    const moved = begun(1);
    moved.add('a', laneEvent(2));
    const first = moved.begin() as Errand;
    moved.failed(first);
    expect(moved.begin()).toEqual(first);
  });

  test('O1 O4 a key goes back when its lane has finished exactly what it was given', () => {
    const moved = begun(2);
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(moved.has('a')).toBe(true);
    expect(moved.finished('a', 2)).toEqual([]);
    expect(moved.has('a')).toBe(false);
    expect(moved.finished('a', 2)).toBeUndefined();
    expect(moved.finished('unknown', 0)).toBeUndefined();
  });

  test('O1 O4 a key whose lane finished while something was on its way: the lane got it and goes on', () => {
    const moved = begun(1);
    moved.add('a', laneEvent(2));
    const errand = moved.begin() as Errand;
    expect(moved.finished('a', 1)).toBeUndefined();
    moved.succeeded(errand);
    expect(moved.has('a')).toBe(true);
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(moved.finished('a', 2)).toEqual([]);
  });

  test('O1 O4 a key whose lane finished while something was on its way: the lane had ended, and the pool has it', () => {
    const moved = begun(1);
    moved.add('a', laneEvent(2));
    const errand = moved.begin() as Errand;
    moved.add('a', laneEvent(3));
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(moved.gone(errand)).toEqual([laneEvent(2), laneEvent(3)]);
    expect(moved.has('a')).toBe(false);
  });

  test('O4 O5 a key whose lane finished what was on its way before that was known to be there is back', () => {
    const moved = movedOut(1);
    const start = moved.begin() as Errand;
    moved.add('a', laneEvent(2));
    // Signals come first in a workflow task: the lane ends before the pool hears that it has begun.
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(moved.succeeded(start)).toEqual([laneEvent(2)]);
    expect(moved.has('a')).toBe(false);

    const again = begun(1);
    again.add('a', laneEvent(2));
    const forward = again.begin() as Errand;
    again.add('a', laneEvent(3));
    expect(again.finished('a', 2)).toBeUndefined();
    expect(again.succeeded(forward)).toEqual([laneEvent(3)]);
    expect(again.hasReady).toBe(false);
  });

  test('O5 a lane that was ended from outside is taken over from, and gets what was on its way', () => {
    const moved = begun(1);
    moved.add('a', laneEvent(2));
    const errand = moved.begin() as Errand;
    expect(moved.gone(errand)).toBeUndefined();
    moved.begunAgain(errand, ENDED);
    const start = moved.begin() as Errand;
    expect(start).toMatchObject({ kind: 'start', begin: { kind: 'taking over', predecessor: ENDED } });
    expect(moved.isBeginning('a')).toBe(true);
    moved.succeeded(start);
    expect(numbersOf(moved.begin())).toEqual(['2']);
  });

  test('O1 O6 what an ended run may have forwarded counts as on its way: the word of the lane waits for what becomes of it', () => {
    const takenOver = () => {
      const before = begun(1);
      before.add('a', laneEvent(2));
      return new MovedKeys({ a: { ...before.toMoved()['a']!, inDoubt: true } });
    };
    // The lane has said so before the ended run's request came, got that, and is at work on it.
    const atWork = takenOver();
    expect(atWork.finished('a', 1)).toBeUndefined();
    atWork.succeeded(atWork.begin() as Errand);
    expect(atWork.has('a')).toBe(true);
    expect(atWork.finished('a', 2)).toEqual([]);

    const hadIt = takenOver();
    expect(hadIt.finished('a', 2)).toBeUndefined();
    expect(hadIt.gone(hadIt.begin() as Errand)).toBeUndefined();
    hadIt.add('a', laneEvent(3));
    expect(hadIt.take('a', 2)).toEqual([laneEvent(3)]);

    const hadNot = takenOver();
    expect(hadNot.finished('a', 1)).toBeUndefined();
    expect(hadNot.gone(hadNot.begin() as Errand)).toEqual([laneEvent(2)]);
  });

  test('O1 the word of a lane that was ended from outside is no word of the one that takes over from it', () => {
    const moved = begun(1);
    moved.add('a', laneEvent(2));
    const forward = moved.begin() as Errand;
    expect(moved.finished('a', 2)).toBeUndefined();
    expect(moved.gone(forward)).toBeUndefined();
    moved.begunAgain(forward, ENDED);
    moved.succeeded(moved.begin() as Errand);
    moved.succeeded(moved.begin() as Errand);
    expect(moved.has('a')).toBe(true);
    expect(moved.finished('a', 2)).toEqual([]);
  });

  test('O4 O6 a lane that an ended run may have begun: nothing is in doubt once that is known, or nothing was on its way', () => {
    const { a } = movedOut(1).toMoved();
    const moved = new MovedKeys({ a: { ...a!, inDoubt: true } });
    expect(moved.toMoved()).toEqual({ a: { ...a, inDoubt: true } });
    expect(moved.finished('a', 1)).toBeUndefined();
    const start = moved.begin() as Errand;
    expect(start).toMatchObject({ kind: 'start', inDoubt: true });
    expect(moved.succeeded(start)).toEqual([]);

    const idle = new MovedKeys({ a: { sent: 1, inDoubt: true } });
    expect(idle.finished('a', 1)).toEqual([]);
  });

  test('O5 what is carried is all of it', () => {
    const moved = begun(1);
    moved.moveOut('b', { ...emptyLane(0), queue: laneEvents(1, 1) }, 'second');
    moved.add('a', laneEvent(2));
    moved.add('b', laneEvent(2));
    const carried = new MovedKeys(JSON.parse(JSON.stringify(moved.toMoved())));
    expect(carried.toMoved()).toEqual(JSON.parse(JSON.stringify(moved.toMoved())));
    expect(carried.count).toBe(2);
    expect(numbersOf(carried.begin())).toEqual(['2']);
    expect(carried.begin()).toMatchObject({ kind: 'start', key: 'b' });
  });
});
