import type { LaneEvent } from '../../../../../contracts/event/event.ts';
import { describe, expect, test } from 'vitest';
import { FORWARDED_MARK } from '../../../../../contracts/pool/messages.ts';
import { NEW_KEY } from '../../../../../contracts/lane/key-state.ts';
import { firstLane } from '../../../../../workflows/pool/moved/first-lane.ts';
import { MovedKeys, type LaneCommand } from '../../../../../workflows/pool/moved/moved-keys.ts';
import { laneEvent, laneEvents } from '../../../../support/lane-events.ts';

const ENDED = { runId: 'run', how: 'TERMINATED', at: 1 };

function movedOut(count: number): MovedKeys {
  const moved = new MovedKeys({});
  moved.moveOut('a', NEW_KEY, laneEvents(1, count), 'first');
  return moved;
}

function startId(count: number): MovedKeys {
  const moved = movedOut(count);
  moved.succeeded(moved.start() as LaneCommand);
  return moved;
}

const numbersOf = (command: LaneCommand | undefined) =>
  command?.kind === 'forward' ? command.events.map(({ forwarded }) => forwarded) : undefined;

/** Its lane is gone, and could not be forwarded to: what waits for the key, when it is back. */
function gone(moved: MovedKeys, command: LaneCommand): readonly LaneEvent[] | undefined {
  const through = moved.finishedOf(command);
  return through === undefined ? undefined : moved.take(command.key, through);
}

describe('keys with a lane of their own', () => {
  test('O4 O6 a lane begins with what waited, numbered, and a mark behind it', () => {
    const command = movedOut(2).start();
    expect(command).toMatchObject({
      kind: 'start',
      start: { kind: 'fresh', events: [{ forwarded: '1' }, { forwarded: '2' }] },
    });
    const { start } = command as LaneCommand & { readonly kind: 'start' };
    expect(start.kind === 'fresh' && firstLane(start, 0).marks).toEqual({
      [FORWARDED_MARK]: { shardId: FORWARDED_MARK, sequenceNumber: '2' },
    });
  });

  test('O1 O9 what is too much for one request is forwarded when the lane has begun', () => {
    const moved = movedOut(1200);
    const start = moved.start() as LaneCommand & { readonly kind: 'start' };
    expect(start.start.kind === 'fresh' && start.start.events).toHaveLength(500);
    moved.succeeded(start);
    const forwards = [500, 200].map((count) => {
      const command = moved.start() as LaneCommand;
      expect(numbersOf(command)).toHaveLength(count);
      moved.succeeded(command);
      return numbersOf(command);
    });
    expect(forwards.flat()).toEqual(Array.from({ length: 700 }, (_, index) => String(501 + index)));
    expect(moved.finished('a', 1200)).toEqual([]);
  });

  test('O1 O5 a look at a lane is one request without events: it finds a lane that was terminated, and changes nothing else (fault G4)', () => {
    const moved = startId(2);
    moved.look('nobody');
    expect(moved.start()).toBeUndefined();
    moved.look('a');
    const look = moved.start() as LaneCommand;
    expect(numbersOf(look)).toEqual([]);
    moved.look('a');
    expect(moved.start()).toBeUndefined();
    moved.succeeded(look);
    expect(moved.hasReady).toBe(false);

    moved.look('a');
    const again = moved.start() as LaneCommand;
    expect(gone(moved, again)).toBeUndefined();
    moved.begunAgain(again, ENDED);
    expect(moved.start()).toMatchObject({ kind: 'start', start: { kind: 'recovery', predecessor: ENDED } });

    const back = startId(2);
    back.look('a');
    const meanwhile = back.start() as LaneCommand;
    expect(back.finished('a', 2)).toBeUndefined();
    expect(gone(back, meanwhile)).toEqual([]);
  });

  test('O1 nothing is forwarded before the lane has begun, and one request at a time', () => {
    const moved = movedOut(1);
    const start = moved.start() as LaneCommand;
    moved.add('a', laneEvent(2));
    expect(moved.start()).toBeUndefined();
    moved.succeeded(start);
    const first = moved.start();
    expect(numbersOf(first)).toEqual(['2']);
    moved.add('a', laneEvent(3));
    expect(moved.start()).toBeUndefined();
    moved.succeeded(first as LaneCommand);
    expect(numbersOf(moved.start())).toEqual(['3']);
  });

  test('O5 what failed is on its way again, with the same number', () => {
    const moved = startId(1);
    moved.add('a', laneEvent(2));
    const first = moved.start() as LaneCommand;
    moved.failed(first);
    expect(moved.start()).toEqual(first);
  });

  test('O1 O4 a key goes back when its lane has finished exactly what it was given', () => {
    const moved = startId(2);
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(moved.has('a')).toBe(true);
    expect(moved.finished('a', 2)).toEqual([]);
    expect(moved.has('a')).toBe(false);
    expect(moved.finished('a', 2)).toBeUndefined();
    expect(moved.finished('unknown', 0)).toBeUndefined();
  });

  test('O1 O4 a key whose lane finished while something was on its way: the lane got it and goes on', () => {
    const moved = startId(1);
    moved.add('a', laneEvent(2));
    const command = moved.start() as LaneCommand;
    expect(moved.finished('a', 1)).toBeUndefined();
    moved.succeeded(command);
    expect(moved.has('a')).toBe(true);
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(moved.finished('a', 2)).toEqual([]);
  });

  test('O1 O4 a key whose lane finished while something was on its way: the lane had ended, and the pool has it', () => {
    const moved = startId(1);
    moved.add('a', laneEvent(2));
    const command = moved.start() as LaneCommand;
    moved.add('a', laneEvent(3));
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(gone(moved, command)).toEqual([laneEvent(2), laneEvent(3)]);
    expect(moved.has('a')).toBe(false);
  });

  test('O4 O5 a key whose lane finished what was on its way before that was known to be there is back', () => {
    const moved = movedOut(1);
    const start = moved.start() as LaneCommand;
    moved.add('a', laneEvent(2));
    // Signals come first in a workflow task: the lane ends before the pool hears that it has begun.
    expect(moved.finished('a', 1)).toBeUndefined();
    expect(moved.succeeded(start)).toEqual([laneEvent(2)]);
    expect(moved.has('a')).toBe(false);

    const again = startId(1);
    again.add('a', laneEvent(2));
    const forward = again.start() as LaneCommand;
    again.add('a', laneEvent(3));
    expect(again.finished('a', 2)).toBeUndefined();
    expect(again.succeeded(forward)).toEqual([laneEvent(3)]);
    expect(again.hasReady).toBe(false);
  });

  test('O5 a lane that was terminated externally is taken over from, and gets what was on its way', () => {
    const moved = startId(1);
    moved.add('a', laneEvent(2));
    const command = moved.start() as LaneCommand;
    expect(gone(moved, command)).toBeUndefined();
    moved.begunAgain(command, ENDED);
    const start = moved.start() as LaneCommand;
    expect(start).toMatchObject({ kind: 'start', start: { kind: 'recovery', predecessor: ENDED } });
    expect(moved.isBeginning('a')).toBe(true);
    moved.succeeded(start);
    expect(numbersOf(moved.start())).toEqual(['2']);
  });

  test('O1 O6 what an ended run may have forwarded counts as on its way: the word of the lane waits for what becomes of it', () => {
    const recovered = () => {
      const before = startId(1);
      before.add('a', laneEvent(2));
      return new MovedKeys({ a: { ...before.toMoved()['a']!, deliveryUnknown: true } });
    };
    // The lane has said so before the ended run's request came, got that, and is at work on it.
    const atWork = recovered();
    expect(atWork.finished('a', 1)).toBeUndefined();
    atWork.succeeded(atWork.start() as LaneCommand);
    expect(atWork.has('a')).toBe(true);
    expect(atWork.finished('a', 2)).toEqual([]);

    const hadIt = recovered();
    expect(hadIt.finished('a', 2)).toBeUndefined();
    expect(gone(hadIt, hadIt.start() as LaneCommand)).toBeUndefined();
    hadIt.add('a', laneEvent(3));
    expect(hadIt.take('a', 2)).toEqual([laneEvent(3)]);

    const hadNot = recovered();
    expect(hadNot.finished('a', 1)).toBeUndefined();
    expect(gone(hadNot, hadNot.start() as LaneCommand)).toEqual([laneEvent(2)]);
  });

  test('O1 the word of a lane that was terminated externally is no word of the one that takes over from it', () => {
    const moved = startId(1);
    moved.add('a', laneEvent(2));
    const forward = moved.start() as LaneCommand;
    expect(moved.finished('a', 2)).toBeUndefined();
    expect(gone(moved, forward)).toBeUndefined();
    moved.begunAgain(forward, ENDED);
    moved.succeeded(moved.start() as LaneCommand);
    moved.succeeded(moved.start() as LaneCommand);
    expect(moved.has('a')).toBe(true);
    expect(moved.finished('a', 2)).toEqual([]);
  });

  test('O4 O6 a lane that an ended run may have begun: nothing is in doubt once that is known, or nothing was on its way', () => {
    const { a } = movedOut(1).toMoved();
    const moved = new MovedKeys({ a: { ...a!, deliveryUnknown: true } });
    expect(moved.toMoved()).toEqual({ a: { ...a, deliveryUnknown: true } });
    expect(moved.finished('a', 1)).toBeUndefined();
    const start = moved.start() as LaneCommand;
    expect(start).toMatchObject({ kind: 'start', deliveryUnknown: true });
    expect(moved.succeeded(start)).toEqual([]);

    const idle = new MovedKeys({ a: { sent: 1, deliveryUnknown: true } });
    expect(idle.finished('a', 1)).toEqual([]);
  });

  test('O5 what is carried is all of it', () => {
    const moved = startId(1);
    moved.moveOut('b', NEW_KEY, laneEvents(1, 1), 'second');
    moved.add('a', laneEvent(2));
    moved.add('b', laneEvent(2));
    const carried = new MovedKeys(JSON.parse(JSON.stringify(moved.toMoved())));
    expect(carried.toMoved()).toEqual(JSON.parse(JSON.stringify(moved.toMoved())));
    expect(carried.count).toBe(2);
    expect(numbersOf(carried.start())).toEqual(['2']);
    expect(carried.start()).toMatchObject({ kind: 'start', key: 'b' });
  });
});
