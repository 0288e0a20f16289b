import { expect, test } from 'vitest';
import { Budget } from '../../../../bridge/read/budget.ts';
import { VirtualClock } from '../virtual-clock.ts';

const never = new AbortController().signal;
const { settle } = { settle: () => new VirtualClock().settle() };

function acquire(budget: Budget, bytes: number, signal = never) {
  const state = { in: false };
  const promise = budget.acquire(bytes, signal).then(() => (state.in = true));
  promise.catch(() => {});
  return { state, promise };
}

test('O9: nothing is let in beyond the limit of records or bytes', async () => {
  const budget = new Budget({ records: 3, bytes: 100 });
  await budget.acquire(40, never);
  await budget.acquire(60, never);
  const third = acquire(budget, 1);
  await settle();
  expect(third.state.in).toBe(false);
  budget.release(40);
  await third.promise;
  await budget.acquire(10, never);
  const fifth = acquire(budget, 1);
  await settle();
  expect(fifth.state.in).toBe(false);
  expect(budget.held).toEqual({ records: 3, bytes: 71 });
  expect(budget.highWater).toEqual({ records: 3, bytes: 100 });
});

test('O9: a record larger than the whole budget passes when nothing else is held', async () => {
  const budget = new Budget({ records: 10, bytes: 100 });
  await budget.acquire(10, never);
  const large = acquire(budget, 500);
  const small = acquire(budget, 1);
  await settle();
  // First come, first served: the small one would fit, and must not pass the large one.
  expect([large.state.in, small.state.in]).toEqual([false, false]);
  budget.release(10);
  await settle();
  expect([large.state.in, small.state.in]).toEqual([true, false]);
  budget.release(500);
  await small.promise;
});

test('who gives up holds nothing, and lets the next one in', async () => {
  const budget = new Budget({ records: 10, bytes: 100 });
  const controller = new AbortController();
  await budget.acquire(50, never);
  const large = acquire(budget, 100, controller.signal);
  const small = acquire(budget, 20);
  controller.abort(new Error('enough'));
  await expect(large.promise).rejects.toThrow('enough');
  await small.promise;
  expect(budget.held).toEqual({ records: 2, bytes: 70 });
  await expect(budget.acquire(1, controller.signal)).rejects.toThrow('enough');
});
