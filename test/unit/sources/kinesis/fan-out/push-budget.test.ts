import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { PushShare, PushBudget } from '../../../../../sources/kinesis/fan-out/push-budget.ts';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

function shares(limit: number, count: number) {
  const pushBudget = new PushBudget(limit);
  return {
    pushBudget,
    shares: Array.from({ length: count }, () => new PushShare(pushBudget)) as [PushShare, PushShare, PushShare],
  };
}

/** Whether the work has been done by now. */
async function isDone(work: Promise<unknown>): Promise<boolean> {
  let done = false;
  void work.then(() => (done = true));
  await nextTurn();
  return done;
}

describe('O9: what subscriptions hold', () => {
  test('a page is let in up to the limit, and one however large where nothing is held', () => {
    const { pushBudget, shares: all } = shares(4 * MIB, 3);
    expect(all[0].take(9 * MIB, never)).toBe(true);
    expect(all[1].take(1, never)).toBe(false);
    expect(all[0].take(3 * MIB, never)).toBe(true);
    expect(all[1].take(MIB, never)).toBe(true);
    expect(all[2].take(1, never)).toBe(false);
    expect(pushBudget.held).toBe(4 * MIB);
  });

  test('a page takes the place of the one before', () => {
    const { pushBudget, shares: all } = shares(4 * MIB, 3);
    all[0].take(4 * MIB, never);
    expect(all[0].take(0, never)).toBe(true);
    expect(pushBudget.held).toBe(0);
  });

  test('who waits comes in one after the other, with a page of whatever size', async () => {
    const { pushBudget, shares: all } = shares(4 * MIB, 3);
    all[0].take(3 * MIB, never);
    const [second, third] = [all[1].wait(never), all[2].wait(never)];
    expect(await isDone(second)).toBe(false);
    all[0].leave();
    expect(await isDone(second)).toBe(true);
    expect(await isDone(third)).toBe(true);
    expect(pushBudget.held).toBe(4 * MIB);
    expect(all[1].take(7 * MIB, never)).toBe(true);
    expect(all[1].take(8 * MIB, never)).toBe(false);
  });

  test('O3: while others wait nothing grows, and who has had a page makes room', async () => {
    const { shares: all } = shares(4 * MIB, 3);
    all[0].take(2 * MIB, never);
    all[1].take(MIB, never);
    expect(all[0].shouldYield).toBe(false);
    const third = all[2].wait(never);
    expect(all[1].take(MIB + 1, never)).toBe(false);
    expect(all[0].shouldYield).toBe(true);
    const again = all[0].wait(never);
    expect(await isDone(third)).toBe(true);
    expect(await isDone(again)).toBe(false);
    all[1].leave();
    expect(await isDone(again)).toBe(true);
  });

  test('a reader that is gone holds nothing and waits for nothing', async () => {
    const { pushBudget, shares: all } = shares(4 * MIB, 3);
    const stop = new AbortController();
    all[0].take(4 * MIB, stop.signal);
    const waiting = all[1].wait(stop.signal);
    const other = all[2].wait(never);
    stop.abort(new Error('The reader comes home.'));
    await expect(waiting).rejects.toThrow('The reader comes home.');
    expect(await isDone(other)).toBe(true);
    all[2].leave();
    expect(pushBudget.held).toBe(0);
    expect(pushBudget.hasWaiting).toBe(false);
  });
});
