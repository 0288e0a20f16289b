import fc from 'fast-check';
import { CompleteAsyncError } from '@temporalio/activity';
import {
  ApplicationFailure,
  CancelledFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import proto from '@temporalio/proto';
import { expect, test } from 'vitest';
import { activityFailures } from '../../../worker/activity-failures.ts';
import { anythingThrown } from '../../support/anything-thrown.ts';
import { expectWellFormed } from '../../support/expect-well-formed.ts';

const { Failure } = proto.temporal.api.failure.v1;

/** What leaves an activity that throws this. */
async function leaving(thrown: unknown): Promise<unknown> {
  const { execute } = activityFailures({} as never).inbound!;
  try {
    await execute!({ args: [], headers: {} }, () => Promise.reject(thrown));
  } catch (error) {
    return error;
  }
  throw new Error('It threw nothing');
}

test('whatever an activity throws reaches Temporal as a well-formed failure of bounded length (fault A3)', async () => {
  await fc.assert(
    fc.asyncProperty(anythingThrown, async ({ value }) => {
      const error = await leaving(value);
      if (error instanceof CancelledFailure || (error as Error).name === 'AbortError') return;
      expect(error).toBeInstanceOf(ApplicationFailure);
      const failure = new DefaultFailureConverter().errorToFailure(error, defaultPayloadConverter);
      // As the worker sends it; protobuf makes something else of what is not well-formed.
      const sent = Failure.decode(Failure.encode(Failure.create(failure)).finish());
      const { message, stackTrace, applicationFailureInfo, cause } = sent;
      expect(cause).toBeNull();
      expect([message, stackTrace]).toEqual([failure.message, failure.stackTrace]);
      const { nonRetryable, type } = applicationFailureInfo!;
      expectWellFormed({ type: type!, message, stack: stackTrace, nonRetryable: nonRetryable === true });
    }),
    { numRuns: 300 },
  );
});

test('what Temporal tells apart by its class is left as it is, and a failure keeps what it says about retries', async () => {
  const [cancelled, later] = [new CancelledFailure('stopped'), new CompleteAsyncError()];
  expect(await leaving(cancelled)).toBe(cancelled);
  expect(await leaving(later)).toBe(later);
  const details = { kind: 'failed', attempt: 2 };
  const failure = ApplicationFailure.create({ type: 'T', message: 'm', nonRetryable: true, details: [details] });
  expect(await leaving(failure)).toMatchObject({ type: 'T', message: 'm', nonRetryable: true, details: [details] });
  expect(await leaving(ApplicationFailure.create({ message: 'm', nextRetryDelay: 50 }))).toMatchObject({
    nonRetryable: false,
    nextRetryDelay: 50,
  });
  // Temporal tries again what it does not know.
  expect(await leaving(new TypeError('x'))).toMatchObject({ type: 'TypeError', nonRetryable: false });
});
