import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { StartedHere } from '../../../../activities/execution/started-here.ts';
import { BatchRun, type BatchOptions } from '../../../../activities/execution/batch.ts';
import { CallSlots } from '../../../../activities/execution/call-slots.ts';
import type { CallResult } from '../../../../activities/execution/call.ts';
import { isMalformed, readOutcomes, writeOutcomes } from '../../../../contracts/pool/batch-outcomes.ts';
import { FALLBACK_POLICY, readFailure } from '../../../../contracts/event/failure.ts';
import { jsonBytes } from '../../../../lib/pure/json-bytes.ts';
import type { BatchProgress, KeyOutcome } from '../../../../contracts/pool/batch.ts';
import { laneEvent } from '../../../support/lane-events.ts';

const told: BatchProgress[] = [];
vi.mock('@temporalio/activity', () => ({
  Context: { current: () => ({ info: { workflowExecution: { workflowId: 'orders/pool/0', runId: 'run' } } }) },
}));

const SLOW_AFTER_MS = 30;
const client = {
  workflow: {
    getHandle: () => ({ signal: async (_name: string, progress: BatchProgress) => void told.push(progress) }),
  },
} as unknown as BatchOptions['client'];

function batch(
  keys: readonly string[],
  room: CallSlots,
  call: () => Promise<CallResult>,
  failed: BatchOptions['failed'] = () => ({ failure: NO_FAILURE, policy: FALLBACK_POLICY }),
  slowAfterMs = SLOW_AFTER_MS,
): BatchRun {
  told.length = 0;
  const input = keys.map((key, index) => ({ key, events: [laneEvent(index + 1)] }));
  const options = {
    client,
    room,
    startedHere: new StartedHere(),
    call,
    failed,
    handled: () => {},
    isStopping: () => false,
  };
  return new BatchRun({ pipeline: 'orders', batch: 1, keys: input, slowAfterMs }, options);
}

const NO_FAILURE = { type: 'Error', message: 'no', nonRetryable: false };
const never = async (): Promise<never> => await new Promise(() => {});
const succeeds = async (): Promise<CallResult> => await Promise.resolve({ kind: 'succeeded' });

describe('a batch in a process without room', () => {
  test('gives its keys back after a while, and none of them is run here any more (fault B5)', async () => {
    const room = new CallSlots(1);
    await room.enter(new AbortController().signal);
    let calls = 0;
    const run = batch(['a', 'b'], room, async () => {
      calls += 1;
      return await succeeds();
    });
    const back = { done: 0, notStarted: true };
    expect(await run.run()).toEqual({ done: [0, 0], outcomes: { 0: back, 1: back } });
    expect(room.waiting).toBe(0);
    room.leave();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(calls).toBe(0);
  });

  test('says which of its keys run and gives the others back, when there is room for some (fault B5)', async () => {
    const room = new CallSlots(2);
    void batch(['a', 'b', 'c'], room, never).run();
    await vi.waitFor(() => expect(told).toHaveLength(1));
    const outcomes = { 2: { done: 0, notStarted: true } };
    expect(told).toEqual([{ batch: 1, running: [0, 1], done: [0, 0, 0], outcomes }]);
    expect(room.waiting).toBe(0);
  });

  test('another one goes on as soon as a call ends, in the order in which they came', async () => {
    const room = new CallSlots(1);
    const order: string[] = [];
    const noted = (name: string) => async (): Promise<CallResult> => {
      order.push(name);
      return await succeeds();
    };
    await Promise.all([batch(['a'], room, noted('a')).run(), batch(['b'], room, noted('b')).run()]);
    expect(order).toEqual(['a', 'b']);
  });
});

describe('a batch with failures of many keys', () => {
  test.each(['\u0001', '"', '注', '🙂', 'a'])(
    'reports them in one payload: %j (faults A1 and B7)',
    async (character) => {
      const long = character.repeat(2000);
      const longFailure = readFailure({ type: long, message: long, stack: long, nonRetryable: false });
      const keys = Array.from({ length: 500 }, (_, index) => `key-${index}`);
      const call = async (): Promise<CallResult> => await Promise.resolve({ kind: 'failed', failure: longFailure });
      const failed: BatchOptions['failed'] = (each) => ({ failure: each, policy: FALLBACK_POLICY });
      const result = await batch(keys, new CallSlots(500), call, failed, 60_000).run();
      expect(jsonBytes(result)).toBeLessThan(1024 * 1024);
      const outcomes = readOutcomes(
        result,
        keys.map(() => 1),
      ) as KeyOutcome[];
      for (const outcome of outcomes) {
        const { message, type } = outcome.failed!.failure;
        expect(type).toBe(longFailure.type);
        expect(message).not.toBe('');
      }
    },
  );

  test('leaves the failures of a few keys as they are', async () => {
    const whole = { type: 'E', message: 'm'.repeat(2000), stack: 's'.repeat(1500), nonRetryable: false };
    const call = async (): Promise<CallResult> => await Promise.resolve({ kind: 'failed', failure: whole });
    const failed: BatchOptions['failed'] = (each) => ({ failure: each, policy: FALLBACK_POLICY });
    const { outcomes } = await batch(['a', 'b'], new CallSlots(2), call, failed).run();
    expect(Object.values(outcomes).map((outcome) => outcome.failed?.failure)).toEqual([whole, whole]);
  });
});

describe('what a batch says of its keys (fault B7)', () => {
  const outcome = fc.oneof(
    fc.record({ done: fc.constantFrom(0, 1, 2) }),
    fc.constant<KeyOutcome>({ done: 0, notStarted: true }),
    fc.constant<KeyOutcome>({ done: 3, isSlow: true }),
    fc.constant<KeyOutcome>({
      done: 2,
      failed: {
        failure: { type: 'E', message: 'm', nonRetryable: false },
        policy: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 },
      },
    }),
  );

  test('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(outcome), (outcomes) => {
        const sizes = outcomes.map(() => 3);
        expect(readOutcomes(JSON.parse(JSON.stringify(writeOutcomes(outcomes))), sizes)).toEqual(outcomes);
      }),
    );
  });

  test('never counts a key as done that it does not name', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.anything(),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1 }),
        (done, more, sizes) => {
          for (const value of [done, { outcomes: more }, { done, outcomes: more }, { done: [], outcomes: {} }]) {
            const read = readOutcomes(value, sizes);
            if (isMalformed(read)) continue;
            expect(read.map((each) => each.done)).toEqual((value as { done: number[] }).done);
          }
        },
      ),
    );
  });

  test.each([
    ['nothing', undefined],
    ['the absence of every key', { outcomes: {} }],
    ['too few keys', { done: [1], outcomes: {} }],
    ['more events than there were', { done: [1, 2], outcomes: {} }],
    ['a part of an event', { done: [1, 0.5], outcomes: {} }],
    ['a key that is not in it', { done: [1, 1], outcomes: { 7: { done: 1 } } }],
    ['a failure of no event', { done: [1, 1], outcomes: { 1: { done: 1, failed: { failure: {} } } } }],
    ['two numbers of one key', { done: [1, 1], outcomes: { 1: { done: 0 } } }],
  ])('%s is malformed', (_what, value) => {
    expect(readOutcomes(value, [1, 1])).toHaveProperty('problem');
  });
});
