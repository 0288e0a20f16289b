import { describe, expect, test } from 'vitest';
import { act } from '../../../../workflows/lane/decide.ts';
import { detailsOf, fingerprint, memoChange, statusOf, viewOf } from '../../../../workflows/lane/appearance.ts';
import { attributesOf } from '../../../../workflows/lane/attributes.ts';
import { accept, emptyLane } from '../../../../workflows/lane/machine.ts';
import { FAILING, FAILURE, laneEvents, OPTIONS, recordsSignal } from '../../../support/lane-events.ts';

const idle = accept(emptyLane(0), recordsSignal(laneEvents(1, 3)), OPTIONS);
const blocked = { ...idle, phase: { state: 'blocked', ...FAILING } as const };

describe('how a lane looks from outside', () => {
  test('failures of the same cause have the same fingerprint', () => {
    const of = (message: string) => fingerprint({ ...FAILURE, type: 'TypeError', message });
    expect(of('order 17 has no customer "ann"')).toBe(of('order 99 has no customer "bob and sons"'));
    expect(of('order 17 has no customer')).not.toBe(of('order 17 has no address'));
    expect(of('no 3f2504e0-4f89-41d3-9a0c-0305e82c3301')).toBe(of('no 11111111-4f89-41d3-9a0c-0305e82c3301'));
    expect(of('x'.repeat(500)).length).toBeLessThanOrEqual(120);
  });

  test('idle and running are one status, since it is written on transitions only', () => {
    expect(statusOf({ state: 'idle' })).toBe('healthy');
    expect(statusOf({ state: 'running', count: 1 })).toBe('healthy');
    expect(statusOf(blocked.phase)).toBe('blocked');
  });

  test('the details say what is stuck, since when, why, and how to release it', () => {
    expect(detailsOf('orders', 'order-42', blocked)).toMatchInlineSnapshot(`
      "**blocked**, 2 waiting behind the head

      Record \`shardId-000000000000:1\` fails since 1970-01-01T00:00:01.000Z, 1 attempts so far:

      > Error: no such order

      Data: \`{"n":1}\`

      Try again: \`keylane retry 'orders:order-42'\`, or send the signal \`retry\`

      Leave it out: \`keylane skip 'orders:order-42'\`, or send the signal \`skip\`

      Mend it: \`keylane replace 'orders:order-42' --data '{...}'\`, or send the signal \`replace\` with \`{"data": {...}}\`"
    `);
  });

  test('the details of a paused lane say who paused it and why', () => {
    const paused = act(idle, { name: 'pause', args: { by: 'ann', reason: 'deploy' } }, 1000, OPTIONS);
    expect(detailsOf('orders', 'order-42', paused)).toContain('Paused by ann since 1970-01-01T00:00:01.000Z: deploy.');
  });

  test('the memo of a released lane takes every field of the failure away', () => {
    expect(memoChange('k', idle)).toEqual({ key: 'k', position: null, attempts: null, failure: null, since: null });
    expect(memoChange('k', blocked)).toMatchObject({ position: 'shardId-000000000000:1', attempts: 1 });
  });

  test('a failure that an earlier version has carried on with a list for its message is shown all the same (fault A1)', () => {
    const failure = { ...FAILURE, message: ['a is missing', 'b'] as never };
    const lane = { ...idle, phase: { state: 'blocked', ...FAILING, failure } as const };
    const held = { state: 'paused', since: 1, by: 'ann', held: lane.phase } as const;
    for (const each of [lane, { ...idle, phase: held }]) {
      expect(memoChange('k', each)).toMatchObject({ failure: { message: 'a is missing, b' } });
      expect(detailsOf('orders', 'k', each)).toContain('a is missing, b');
      expect(attributesOf(each)).toContainEqual(expect.objectContaining({ value: 'Error: a is missing, b' }));
      expect(JSON.stringify(viewOf('orders', 'k', each).phase)).toContain('"a is missing, b"');
    }
  });

  test('a fingerprint is never cut in the middle of a character (fault A3)', () => {
    for (let length = 100; length < 130; length += 1) {
      const text = fingerprint({ ...FAILURE, message: `${'x'.repeat(length)}😀😀😀` });
      expect(text).toBe(text.toWellFormed());
    }
  });
});
