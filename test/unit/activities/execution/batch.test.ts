import { describe, expect, test, vi } from 'vitest';
import { StartedHere } from '../../../../activities/execution/started-here.ts';
import { BatchRun, type BatchOptions } from '../../../../activities/execution/batch.ts';
import { CallSlots } from '../../../../activities/execution/call-slots.ts';
import type { CallResult } from '../../../../activities/execution/call.ts';
import { readFailure } from '../../../../contracts/event/failure.ts';
import type { Outcomes } from '../../../../contracts/execution/outcome.ts';
import { readOutcomes } from '../../../../contracts/execution/outcome-codec.ts';
import { jsonBytes } from '../../../../lib/pure/json-bytes.ts';
import type { BatchProgress } from '../../../../contracts/pool/batch.ts';
import { laneEvent, POLICY } from '../../../support/lane-events.ts';

const reports: BatchProgress[] = [];
vi.mock('@temporalio/activity', () => ({
  Context: { current: () => ({ info: { workflowExecution: { workflowId: 'orders/pool/0', runId: 'run' } } }) },
}));

const SLOW_AFTER_MS = 30;
const client = {
  workflow: {
    getHandle: () => ({ signal: async (_name: string, progress: BatchProgress) => void reports.push(progress) }),
  },
} as unknown as BatchOptions['client'];

function batch(
  keys: readonly string[],
  slots: CallSlots,
  call: () => Promise<CallResult>,
  slowAfterMs = SLOW_AFTER_MS,
): BatchRun {
  reports.length = 0;
  const input = keys.map((key, index) => ({ key, events: [laneEvent(index + 1)] }));
  const options = {
    client,
    slots,
    startedHere: new StartedHere(),
    retry: POLICY,
    call,
    onFailure: () => {},
    onSuccess: () => {},
    isStopping: () => false,
  };
  return new BatchRun({ pipeline: 'orders', batch: 1, keys: input, slowAfterMs }, options);
}

const never = async (): Promise<never> => await new Promise(() => {});
const succeeds = async (): Promise<CallResult> => await Promise.resolve({ kind: 'succeeded' });

describe('a batch in a process without a free slot', () => {
  test('gives its keys back after a while, and none of them is run here any more (fault B5)', async () => {
    const slots = new CallSlots(1);
    await slots.enter(new AbortController().signal);
    let calls = 0;
    const run = batch(['a', 'b'], slots, async () => {
      calls += 1;
      return await succeeds();
    });
    const back = { kind: 'not started' };
    expect(await run.run()).toEqual({ succeeded: [0, 0], more: { 0: back, 1: back } });
    expect(slots.waiting).toBe(0);
    slots.leave();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(calls).toBe(0);
  });

  test('says which of its keys run and gives the others back, when there are slots for some (fault B5)', async () => {
    const slots = new CallSlots(2);
    void batch(['a', 'b', 'c'], slots, never).run();
    await vi.waitFor(() => expect(reports).toHaveLength(1));
    const running = { kind: 'running' };
    const more = { 0: running, 1: running, 2: { kind: 'not started' } };
    expect(reports).toEqual([{ batch: 1, succeeded: [0, 0, 0], more }]);
    expect(slots.waiting).toBe(0);
  });

  test('another one goes on as soon as a call ends, in the order in which they came', async () => {
    const slots = new CallSlots(1);
    const order: string[] = [];
    const noted = (name: string) => async (): Promise<CallResult> => {
      order.push(name);
      return await succeeds();
    };
    await Promise.all([batch(['a'], slots, noted('a')).run(), batch(['b'], slots, noted('b')).run()]);
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
      const result = await batch(keys, new CallSlots(500), call, 60_000).run();
      expect(jsonBytes(result)).toBeLessThan(1024 * 1024);
      const { outcomes, retry } = readOutcomes(
        result,
        keys.map(() => 1),
      ) as Outcomes;
      expect(retry).toEqual(POLICY);
      for (const outcome of outcomes) {
        if (outcome.kind !== 'failed') throw new Error(`The key is said to have ${outcome.kind}`);
        const { message, type } = outcome.failure;
        expect(type).toBe(longFailure.type);
        expect(message).not.toBe('');
      }
    },
  );

  test('leaves the failures of a few keys as they are', async () => {
    const whole = { type: 'E', message: 'm'.repeat(2000), stack: 's'.repeat(1500), nonRetryable: false };
    const call = async (): Promise<CallResult> => await Promise.resolve({ kind: 'failed', failure: whole });
    const { more } = await batch(['a', 'b'], new CallSlots(2), call).run();
    expect(Object.values(more ?? {})).toEqual(
      [whole, whole].map((failure) => ({ kind: 'failed', failure, attempts: 1 })),
    );
  });
});
