import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attemptFailure, handlerFailure, notCounted } from '../../../activities/execution/failure.ts';
import { readAttemptDetails, readEventBatchOutcome } from '../../../contracts/execution.ts';
import { anythingThrown } from '../../support/anything-thrown.ts';

test('no error of a handler is taken for an outcome of our own, whatever it calls itself or carries (fault A4)', () => {
  fc.assert(
    fc.property(anythingThrown, fc.nat(), ({ value }, attempt) => {
      const { details } = attemptFailure(handlerFailure(value), attempt);
      expect(readAttemptDetails(details?.[0])).toMatchObject({ kind: 'failed', attempt });
    }),
  );
  expect(readAttemptDetails(notCounted('The worker stopped', 3).details?.[0])).toEqual({
    kind: 'not counted',
    attempt: 3,
  });
});

test('what an activity answered is read, whatever it is (fault A1)', () => {
  expect(readEventBatchOutcome(null)).toEqual({ done: 0, lostBefore: false });
  expect(readEventBatchOutcome({ done: '3', failed: { failure: { message: ['a', 'b'] } } })).toMatchObject({
    done: 0,
    failed: { failure: { message: 'a, b', nonRetryable: false }, policy: { maxAttempts: 1 } },
  });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(Number.isSafeInteger(readEventBatchOutcome(value).done)).toBe(true);
      expect(() => readAttemptDetails(value)).not.toThrow();
    }),
  );
});
