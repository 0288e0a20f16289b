import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { HandlerCaller, type Call } from '../../../../activities/execution/call.ts';
import { currentCall } from '../../../../activities/execution/current-call.ts';
import type { HandlerContext } from '../../../../contracts/public/handler.ts';
import type { HandlerEvent } from '../../../../contracts/public/record.ts';
import { laneEvent } from '../../../support/lane-events.ts';
import { log } from '../../../support/log.ts';

const SETTINGS = {
  retry: { maxAttempts: 3, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 },
  timeoutMs: 10_000,
  stopTimeoutMs: 10_000,
};
const never = new AbortController().signal;
const callOf = (n: number, key = 'a'): Call => {
  return { pipeline: 'p', key, event: laneEvent(n), data: Buffer.from(JSON.stringify({ n })), attempt: 1 };
};

describe('a call of a handler', () => {
  test('O7 is given the event, its idempotency key, and a signal', async () => {
    const given: [HandlerEvent, HandlerContext][] = [];
    const call = { ...callOf(7), event: { ...laneEvent(7), replaced: 2 }, attempt: 3 };
    const result = await new HandlerCaller(log).call((...args) => void given.push(args), SETTINGS, call, never);
    expect(result).toEqual({ kind: 'succeeded' });
    const [[event, context] = []] = given;
    expect(event?.json()).toEqual({ n: 7 });
    expect(event).toMatchObject({ key: 'a', position: { sequenceNumber: '7' } });
    expect(context).toMatchObject({ pipeline: 'p', attempt: 3, idempotencyKey: 'p:shardId-000000000000:7#2' });
    expect(context?.signal.aborted).toBe(false);
  });

  test('O1 waits for another one of its key that has not ended here, and asks that one to stop', async () => {
    const caller = new HandlerCaller(log);
    const order: string[] = [];
    const first = caller.call(
      async (_event, { signal }) => {
        order.push('first begins');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await delay(20);
        order.push('first ends');
      },
      SETTINGS,
      callOf(1),
      never,
    );
    const second = caller.call(() => void order.push('second'), SETTINGS, callOf(1), never);
    expect(await first).toEqual({ kind: 'interrupted' });
    expect(await second).toEqual({ kind: 'succeeded' });
    expect(order).toEqual(['first begins', 'first ends', 'second']);
  });

  test('O3 does not wait for one of another key', async () => {
    const caller = new HandlerCaller(log);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = caller.call(() => held, SETTINGS, callOf(1, 'a'), never);
    expect(await caller.call(() => {}, SETTINGS, callOf(1, 'b'), never)).toEqual({ kind: 'succeeded' });
    release();
    await first;
  });

  test('O1 three at once run one after the other', async () => {
    const caller = new HandlerCaller(log);
    let running = 0;
    let max = 0;
    const handler = async () => {
      running += 1;
      max = Math.max(max, running);
      await delay(10);
      running -= 1;
    };
    await Promise.all([1, 2, 3].map(() => caller.call(handler, SETTINGS, callOf(1), never)));
    expect(max).toBe(1);
  });

  test('that returns after its time limit has failed: it may have heeded its signal and left its work undone', async () => {
    const handler = async (_event: HandlerEvent, { signal }: HandlerContext) => {
      while (!signal.aborted) await delay(5);
    };
    const result = await new HandlerCaller(log).call(handler, { ...SETTINGS, timeoutMs: 20 }, callOf(1), never);
    expect(result).toMatchObject({ kind: 'failed', failure: { type: 'HandlerTimeout', nonRetryable: false } });
  });

  test.each([
    ['a text', 'oops', { type: 'Error', message: 'oops' }],
    ['undefined', undefined, { type: 'Error' }],
    [
      'an error with a cause',
      new Error('outer', { cause: new TypeError('inner') }),
      { message: 'outer (TypeError: inner)' },
    ],
    [
      'what calls itself NonRetryableError',
      Object.assign(new Error('x'), { name: 'NonRetryableError' }),
      { nonRetryable: true },
    ],
  ])('that throws %s fails with what it threw', async (_what, thrown, failure) => {
    const handler = () => {
      throw thrown as Error;
    };
    const result = await new HandlerCaller(log).call(handler, SETTINGS, callOf(1), never);
    expect(result).toMatchObject({ kind: 'failed', failure });
  });

  test('fails with an exception that left one of its timers, also when it does not return (fault F10)', async () => {
    const caller = new HandlerCaller(log);
    let stray: unknown;
    const handler = async () => {
      // What the process does for an exception that nobody catches.
      setTimeout(() => currentCall.getStore()?.fail(stray), 5);
      await new Promise(() => undefined);
    };
    stray = Object.assign(new Error('x'), { message: ['from', 'a timer'] });
    const result = await caller.call(handler, { ...SETTINGS, stopTimeoutMs: 20 }, callOf(1), never);
    expect(result).toMatchObject({ kind: 'failed', failure: { type: 'Error', nonRetryable: false } });
    expect(result).toHaveProperty('failure.message', expect.stringMatching(/^from, a timer \(left a timer/));
    // It still runs, so no other call of its key begins.
    const next = await caller.call(() => {}, { ...SETTINGS, stopTimeoutMs: 20 }, callOf(1), never);
    expect(next).toMatchObject({ failure: { type: 'HandlerDoesNotStop' } });
  });

  test('is known to the code that it runs, and to no other (fault F10)', async () => {
    const seen: unknown[] = [];
    const handler = async () => {
      await delay(1);
      seen.push(currentCall.getStore()?.key);
    };
    const caller = new HandlerCaller(log);
    await Promise.all(['a', 'b'].map((key) => caller.call(handler, SETTINGS, callOf(1, key), never)));
    expect(new Set(seen)).toEqual(new Set(['a', 'b']));
    expect(currentCall.getStore()).toBeUndefined();
  });
});
