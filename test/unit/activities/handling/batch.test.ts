import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BegunHere } from '../../../../activities/handling/begun-here.ts';
import { BatchRun, type BatchOptions } from '../../../../activities/handling/batch.ts';
import { CallRoom } from '../../../../activities/handling/call-room.ts';
import type { CallResult } from '../../../../activities/handling/call.ts';
import { isMalformed, readOutcomes, writeOutcomes } from '../../../../contracts/batch-outcomes.ts';
import type { BatchProgress, KeyOutcome } from '../../../../contracts/pool.ts';
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

function batch(keys: readonly string[], room: CallRoom, call: () => Promise<CallResult>): BatchRun {
  told.length = 0;
  const input = keys.map((key, index) => ({ key, events: [laneEvent(index + 1)] }));
  const options = {
    client,
    room,
    begunHere: new BegunHere(),
    call,
    failed: () => undefined,
    handled: () => {},
    isStopping: () => false,
  };
  return new BatchRun({ pipeline: 'orders', batch: 1, keys: input, slowAfterMs: SLOW_AFTER_MS }, options);
}

const never = async (): Promise<never> => await new Promise(() => {});
const succeeds = async (): Promise<CallResult> => await Promise.resolve({ kind: 'succeeded' });

describe('a batch in a process without room', () => {
  test('gives its keys back after a while, and none of them is run here any more (fault B5)', async () => {
    const room = new CallRoom(1);
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
    const room = new CallRoom(2);
    void batch(['a', 'b', 'c'], room, never).run();
    await vi.waitFor(() => expect(told).toHaveLength(1));
    const outcomes = { 2: { done: 0, notStarted: true } };
    expect(told).toEqual([{ batch: 1, running: [0, 1], done: [0, 0, 0], outcomes }]);
    expect(room.waiting).toBe(0);
  });

  test('another one goes on as soon as a call ends, in the order in which they came', async () => {
    const room = new CallRoom(1);
    const order: string[] = [];
    const noted = (name: string) => async (): Promise<CallResult> => {
      order.push(name);
      return await succeeds();
    };
    await Promise.all([batch(['a'], room, noted('a')).run(), batch(['b'], room, noted('b')).run()]);
    expect(order).toEqual(['a', 'b']);
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
