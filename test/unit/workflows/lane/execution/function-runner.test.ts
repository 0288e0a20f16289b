/** Whatever an activity that runs events answers, or however it fails, is an outcome; only what it names has succeeded. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import { encodeOutcomes } from '../../../../../contracts/execution/outcome-codec.ts';
import type { HeadFailure } from '../../../../../contracts/lane/phase.ts';
import { createRunner } from '../../../../../workflows/lane/execution/create-runner.ts';
import type { Attempt, RunEnd } from '../../../../../workflows/lane/execution/runner.ts';
import { FAILURE, laneEvents, OPTIONS, POLICY } from '../../../../support/lane-events.ts';
import type { PendingCall, Runtime } from '../../../../support/workflow-stand-in/runtime.ts';
import { newRuntime } from '../../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../../support/workflow-stand-in/workflow.ts'));

let runtime: Runtime;
beforeEach(() => {
  runtime = newRuntime();
});

const runner = createRunner({ ...OPTIONS, pipeline: 'orders', retry: POLICY });
const WORKER_POLICY = { ...POLICY, maxAttempts: 7 };
const failing: HeadFailure = { failure: FAILURE, policy: WORKER_POLICY, since: 0, attempts: 1, roundFrom: 0 };
const FIRST: Attempt = { kind: 'first', losses: 1 };
const RETRY: Attempt = { kind: 'retry', failing };
const failed = { kind: 'failed', succeeded: 1, failure: FAILURE, attempts: 1 } as const;

async function run(attempt: Attempt, count: number, answer: (call: PendingCall) => Promise<void>): Promise<RunEnd> {
  const end = runner.run('k', laneEvents(1, count), attempt);
  const [call] = runtime.activities;
  await answer(call!);
  return await end;
}

const failure = (cause: Error | undefined, state: RetryState = RetryState.MAXIMUM_ATTEMPTS_REACHED) =>
  new ActivityFailure('failed', 'activity', '1', state, 'worker', cause);

describe('a first pass', () => {
  test('names the policy of the process that ran it, otherwise that of the options', async () => {
    const named = encodeOutcomes([failed], WORKER_POLICY);
    expect(await run(FIRST, 3, async (call) => await call.resolve(named))).toMatchObject({ retry: WORKER_POLICY });
    const silent = encodeOutcomes([failed]);
    expect(await run(FIRST, 3, async (call) => await call.resolve(silent))).toMatchObject({ retry: POLICY });
  });

  test.each([undefined, null, {}, { succeeded: [2] }, { succeeded: [1, 1] }, { succeeded: [4] }])(
    'O4 that answered %j is lost: nothing of it has succeeded, and its events run again one by one',
    async (answer) => {
      const { outcome } = await run(FIRST, 3, async (call) => await call.resolve(answer));
      expect(outcome).toMatchObject({ kind: 'lost', succeeded: 0, losses: 2 });
      expect(runtime.logs).toMatchObject([{ level: 'error' }]);
    },
  );

  test('that was lost while it was asked to stop has done what its last heartbeat says', async () => {
    const timeout = (details: unknown) => failure(new TimeoutFailure('lost', details, 'HEARTBEAT'));
    const lost = await run(FIRST, 3, async (call) => await call.reject(timeout({ succeeded: [2] })));
    expect(lost.outcome).toMatchObject({ kind: 'lost', succeeded: 2, losses: 1 });
    const unknown = await run(FIRST, 3, async (call) => await call.reject(timeout({ succeeded: [9] })));
    expect(unknown.outcome).toMatchObject({ kind: 'lost', succeeded: 0, losses: 2 });
  });

  test('that was stopped before any process had it has done nothing', async () => {
    const { outcome } = await run(FIRST, 3, async (call) => await call.cancel());
    expect(outcome).toEqual({ kind: 'stopped', succeeded: 0 });
  });

  test('that no process can run fails, and no retry is made', async () => {
    const { outcome } = await run(FIRST, 3, async (call) => await call.reject(failure(new Error('too large'))));
    expect(outcome).toMatchObject({
      kind: 'failed',
      succeeded: 0,
      failure: { message: 'too large', nonRetryable: true },
    });
  });
});

describe('a retry', () => {
  test('counts the attempts that were made before', async () => {
    const { attemptsBefore, outcome } = await run(RETRY, 1, async (call) => await call.resolve({ succeeded: [1] }));
    // The first attempt of the activity stands for the one that was made.
    expect({ attemptsBefore, outcome }).toEqual({ attemptsBefore: 0, outcome: { kind: 'succeeded', succeeded: 1 } });
  });

  test.each([undefined, null, {}, { succeeded: [0] }])(
    'O4 whose activity completed with %j has not succeeded, and is made again',
    async (answer) => {
      const { outcome } = await run(RETRY, 1, async (call) => await call.resolve(answer));
      expect(outcome).toMatchObject({ kind: 'lost', succeeded: 0, attempts: 1 });
    },
  );

  test('goes by the details of what the last attempt threw, and a failure cannot say that it succeeded', async () => {
    const thrown = (details: unknown) => failure(ApplicationFailure.create({ message: 'no', details: [details] }));
    const said = encodeOutcomes([{ ...failed, succeeded: 0, attempts: 5 }]);
    const end = await run(RETRY, 1, async (call) => await call.reject(thrown(said)));
    expect(end.outcome).toMatchObject({ kind: 'failed', attempts: 5, failure: FAILURE });
    const lie = await run(RETRY, 1, async (call) => await call.reject(thrown({ succeeded: [1] })));
    expect(lie.outcome).toMatchObject({ kind: 'failed', succeeded: 0, attempts: WORKER_POLICY.maxAttempts });
  });

  test('whose last attempt was lost is lost, and that attempt does not count', async () => {
    const lost = failure(new TimeoutFailure('lost', undefined, 'HEARTBEAT'));
    const { outcome } = await run(RETRY, 1, async (call) => await call.reject(lost));
    expect(outcome).toMatchObject({ kind: 'lost', attempts: WORKER_POLICY.maxAttempts - 1 });
  });

  test('that failed just when it was asked to stop is stopped, and its attempt counts', async () => {
    const said = encodeOutcomes([{ ...failed, succeeded: 0, attempts: 5 }]);
    const cause = ApplicationFailure.create({ message: 'no', details: [said] });
    const stopped = failure(cause, RetryState.CANCEL_REQUESTED);
    const { outcome } = await run(RETRY, 1, async (call) => await call.reject(stopped));
    expect(outcome).toEqual({ kind: 'stopped', succeeded: 0, attempts: 5 });
  });
});

describe('the batch of a pool', () => {
  const keys = laneEvents(1, 2).map((event, index) => ({
    key: `k${index}`,
    events: [event],
    attempts: index,
    losses: 0,
  }));
  const runBatch = async (answer: (call: PendingCall) => Promise<void>) => {
    const end = runner.runBatch({ number: 1, keys, slowAfterMs: 1 });
    await answer(runtime.activities[0]!);
    return await end;
  };

  test('that is lost has done what its last heartbeat says, and nothing else (O4)', async () => {
    const lost = failure(new TimeoutFailure('lost', { succeeded: [1, 0] }, 'HEARTBEAT'));
    const { outcomes } = await runBatch(async (call) => await call.reject(lost));
    expect(outcomes).toMatchObject([
      { kind: 'lost', succeeded: 1, attempts: 0 },
      { kind: 'lost', succeeded: 0, attempts: 1 },
    ]);
  });

  test('with a malformed result is lost, with all its keys (O4)', async () => {
    const { outcomes } = await runBatch(async (call) => await call.resolve({ succeeded: [1] }));
    expect(outcomes).toMatchObject([
      { kind: 'lost', succeeded: 0 },
      { kind: 'lost', succeeded: 0 },
    ]);
  });
});
