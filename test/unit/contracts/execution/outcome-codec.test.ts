import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attemptFailure,
  canceledAttempt,
  handlerFailure,
  notCounted,
  notOwner,
} from '../../../../activities/execution/failure.ts';
import type { KeyReport, Outcome } from '../../../../contracts/execution/outcome.ts';
import {
  encodeOutcomes,
  isMalformed,
  onlyOutcome,
  readOutcomes,
  readProgress,
  readReport,
} from '../../../../contracts/execution/outcome-codec.ts';
import { anythingThrown } from '../../../support/anything-thrown.ts';
import { POLICY } from '../../../support/lane-events.ts';

const FAILURE = { type: 'E', message: 'm', nonRetryable: false };
const SIZE = 3;

const report = fc.oneof(
  fc.constant<KeyReport>({ kind: 'succeeded', succeeded: SIZE }),
  fc.constant<KeyReport>({ kind: 'succeeded', succeeded: SIZE, isSlow: true }),
  fc.constant<KeyReport>({ kind: 'not started', succeeded: 0 }),
  fc.constant<KeyReport>({ kind: 'not owner', succeeded: 0 }),
  fc.constant<KeyReport>({ kind: 'running', succeeded: 2 }),
  fc.constant<KeyReport>({ kind: 'failed', succeeded: 2, failure: FAILURE, attempts: 4 }),
  fc.record({ kind: fc.constant('stopped' as const), succeeded: fc.constantFrom(0, 1, 2) }),
  fc.constant<KeyReport>({ kind: 'stopped', succeeded: 1, attempts: 0, lostBefore: true, losses: 2 }),
);

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function outcomeOf(value: unknown, size = 1): Outcome {
  const read = readOutcomes(overTheWire(value), [size]);
  if (isMalformed(read)) throw new Error(read.problem);
  return onlyOutcome(read);
}

describe('outcomes', () => {
  test('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(report), (outcomes) => {
        const read = readReport(
          overTheWire(encodeOutcomes(outcomes, POLICY)),
          outcomes.map(() => SIZE),
        );
        const hasFailed = outcomes.some(({ kind }) => kind === 'failed');
        expect(read).toEqual({ outcomes, ...(hasFailed ? { retry: POLICY } : {}) });
      }),
    );
  });

  test('take a few bytes for a key of which all events succeeded, and name the policy once for all failures', () => {
    const failed: Outcome = { kind: 'failed', succeeded: 0, failure: FAILURE, attempts: 1 };
    expect(encodeOutcomes([{ kind: 'succeeded', succeeded: 2 }], POLICY)).toEqual({ succeeded: [2] });
    expect(encodeOutcomes([failed, failed], POLICY)).toMatchObject({ succeeded: [0, 0], retry: POLICY });
  });

  test('O4 never count an event as succeeded that they do not name (fault B7)', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.anything(), fc.anything(), sizes, (succeeded, more, given) => {
        for (const value of [succeeded, { more }, { succeeded, more }, { succeeded: [] }]) {
          const read = readOutcomes(value, given);
          if (isMalformed(read)) continue;
          const counts = (value as { succeeded: number[] }).succeeded;
          expect(read.outcomes.map((each) => each.succeeded)).toEqual(counts);
          for (const [index, { kind }] of read.outcomes.entries())
            expect(kind === 'succeeded').toBe(counts[index] === given[index]);
        }
      }),
    );
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['the absence of every key', {}],
    ['too few keys', { succeeded: [1] }],
    ['more events than there were', { succeeded: [1, 2] }],
    ['a part of an event', { succeeded: [1, 0.5] }],
    ['silence about an event that did not succeed', { succeeded: [1, 0] }],
    ['success of an event that is not counted', { succeeded: [1, 0], more: { 1: { kind: 'succeeded' } } }],
    ['an unknown kind', { succeeded: [1, 0], more: { 1: { kind: 'done' } } }],
    ['a key that is not in it', { succeeded: [1, 1], more: { 7: { kind: 'succeeded' } } }],
    ['a failure of no event', { succeeded: [1, 1], more: { 1: { kind: 'failed', attempts: 1, failure: FAILURE } } }],
    ['a failure without a cause', { succeeded: [1, 0], more: { 1: { kind: 'failed', attempts: 1 } } }],
    ['a failure of no attempt', { succeeded: [1, 0], more: { 1: { kind: 'failed', attempts: 0, failure: FAILURE } } }],
    ['success of what was not started', { succeeded: [1, 1], more: { 1: { kind: 'not started' } } }],
    ['a key that is still running', { succeeded: [1, 0], more: { 1: { kind: 'running' } } }],
    ['a policy that is none', { succeeded: [1, 1], retry: { maxAttempts: 0 } }],
  ])('%s is malformed', (_what, value) => {
    expect(readOutcomes(value, [1, 1])).toHaveProperty('problem');
  });

  test('of a heartbeat that cannot be read nothing has succeeded', () => {
    expect(readProgress({ succeeded: [2, 0] }, [3, 1])).toEqual([2, 0]);
    for (const details of [undefined, null, { succeeded: [4, 0] }, { succeeded: [1] }, { done: [1, 1] }])
      expect(readProgress(details, [3, 1])).toEqual([0, 0]);
  });

  test('can be read whatever an activity answered (fault A1)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => readOutcomes(value, [1])).not.toThrow();
        expect(() => readProgress(value, [1])).not.toThrow();
      }),
    );
  });
});

test('a key of which all events succeeded is not running', () => {
  expect(readReport({ succeeded: [1], more: { 0: { kind: 'running' } } }, [1])).toHaveProperty('problem');
  expect(readReport({ succeeded: [1], more: { 0: { kind: 'running' } } }, [2])).not.toHaveProperty('problem');
});

describe('the details of a failed attempt', () => {
  test('are a failure with its attempt, whatever the error of a handler calls itself or carries (fault A4)', () => {
    fc.assert(
      fc.property(anythingThrown, fc.integer({ min: 1 }), ({ value }, attempts) => {
        const { details } = attemptFailure(handlerFailure(value), attempts);
        expect(outcomeOf(details?.[0])).toMatchObject({ kind: 'failed', attempts });
      }),
    );
  });

  test('say when the attempt does not count, and when the key belongs to its pool', () => {
    const stopped = { kind: 'stopped', succeeded: 0, attempts: 2 };
    expect(outcomeOf(notCounted('The worker stopped', 3).details?.[0])).toEqual(stopped);
    expect(outcomeOf(canceledAttempt(3).details?.[0])).toEqual(stopped);
    expect(outcomeOf(notOwner().details?.[0])).toEqual({ kind: 'not owner', succeeded: 0 });
  });
});
