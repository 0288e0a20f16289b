import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../../../contracts/lane/decision.ts';
import { rejection } from '../../../../../contracts/rejection.ts';
import { readVerb } from '../../../../../workflows/shared/parsing.ts';
import { ACTED_ON, hostileText } from '../../../../support/hostile-text.ts';
import { outsideOfCode } from '../../../../support/markdown.ts';
import { act, refused } from '../../../../../workflows/lane/verbs/decide.ts';
import {
  detailsOf,
  fingerprint,
  memoChange,
  statusOf,
  viewOf,
} from '../../../../../workflows/lane/publish/appearance.ts';
import { attributesOf } from '../../../../../workflows/lane/publish/attributes.ts';
import { accept, emptyLane } from '../../../../../workflows/lane/core/machine.ts';
import { FAILING, FAILURE, laneEvent, laneEvents, OPTIONS, recordsSignal } from '../../../../support/lane-events.ts';

const idle = accept(emptyLane(0), recordsSignal(laneEvents(1, 3)), OPTIONS);
const blocked = { ...idle, phase: { state: 'blocked', ...FAILING } as const };

const REFUSED: Decision = {
  verb: 'skip',
  outcome: 'refused',
  at: 0,
  by: 'ann',
  stateBefore: 'blocked',
  stateAfter: 'blocked',
};

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

      \`\`\`
      Error: no such order
      \`\`\`

      Its data:

      \`\`\`
      {"n":1}
      \`\`\`

      To retry it, send the signal \`retry\`, or run:

      \`\`\`
      keylane retry --position shardId-000000000000:1 orders:order-42
      \`\`\`

      To skip it, send the signal \`skip\`, or run:

      \`\`\`
      keylane skip --position shardId-000000000000:1 orders:order-42
      \`\`\`

      To replace its data, send the signal \`replace\` with the input \`{"data": {...}}\`, or run:

      \`\`\`
      keylane replace --position shardId-000000000000:1 --data '{...}' orders:order-42
      \`\`\`"
    `);
  });

  test('nothing of a record, a failure or a decision is read as ours in the Temporal UI (fault E1)', () => {
    const held = { ...FAILING, failure: { ...FAILURE, type: 'T', message: 'm' } };
    const of = (state: 'blocked' | 'paused', key: string, text: string, by: string) => {
      const failing = { ...held, failure: { ...held.failure, type: text, message: by } };
      const event = laneEvent(1, undefined, text);
      const phase =
        state === 'blocked'
          ? ({ state, ...failing } as const)
          : ({ state, since: 1, by, reason: text, held: { state: 'blocked', ...failing } } as const);
      return outsideOfCode(
        detailsOf('orders', key, { ...idle, queue: [event], phase, decisions: [{ ...REFUSED, by, why: text }] }),
      );
    };
    const plain = { blocked: of('blocked', 'a', 'b', 'c'), paused: of('paused', 'a', 'b', 'c') };
    fc.assert(
      fc.property(hostileText(), hostileText(), hostileText(), (key, text, by) => {
        expect(of('blocked', key, text, by)).toEqual(plain.blocked);
        expect(of('paused', key, text, by)).toEqual(plain.paused);
      }),
      { numRuns: 300 },
    );
  });

  test('the details of a lane say which decision was refused last, and why, in every state (fault E3)', () => {
    const verb = readVerb('replace', { orderId: 'order-42', amount: 12 });
    for (const lane of [idle, blocked]) {
      const after = refused(lane, verb, rejection('invalid-argument', verb.problem ?? ''), 2000, OPTIONS);
      const details = detailsOf('orders', 'order-42', after);
      expect(details).toContain(
        '**Refused**, nothing was changed: `replace` by `unknown` at 1970-01-01T00:00:02.000Z:',
      );
      expect(details).toContain('fields that are not known (orderId, amount)');
      expect(details).toContain('{"data": {...}}');
    }
  });

  test('a cause is one line of visible text, and never ends in half a character (fault E1)', () => {
    fc.assert(
      fc.property(hostileText(), fc.nat(130), (text, at) => {
        const cause = fingerprint({ ...FAILURE, type: 'T', message: 'x'.repeat(at) + text });
        expect(cause).not.toMatch(ACTED_ON);
        expect(cause.isWellFormed()).toBe(true);
        expect(cause.length).toBeLessThanOrEqual(120);
      }),
      { numRuns: 300 },
    );
  });

  test('the details of a paused lane say who paused it and why', () => {
    const paused = act(idle, { name: 'pause', args: { by: 'ann', reason: 'deploy' } }, 1000, OPTIONS);
    expect(detailsOf('orders', 'order-42', paused)).toContain(
      'Paused by `ann` since 1970-01-01T00:00:01.000Z: `deploy`.',
    );
  });

  test('the memo of a released lane takes every field of the failure away', () => {
    expect(memoChange('k', idle)).toEqual({ key: 'k', position: null, attempts: null, failure: null, since: null });
    expect(memoChange('k', blocked)).toMatchObject({ position: 'shardId-000000000000:1', attempts: 1 });
  });

  test('the memo says since when as people read it (fault G6)', () => {
    expect(memoChange('k', blocked)).toMatchObject({ since: '1970-01-01T00:00:01.000Z' });
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
