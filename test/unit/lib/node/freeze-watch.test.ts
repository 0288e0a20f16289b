import { beforeEach, expect, test, vi } from 'vitest';
import { FreezeWatch, FrozenError } from '../../../../lib/node/freeze-watch.ts';

const time = { mono: 0, real: 0 };
const clock = { monotonic: () => time.mono, wall: () => time.real };

function pass(ms: { mono: number; real: number }): void {
  time.mono += ms.mono;
  time.real += ms.real;
}

beforeEach(() => Object.assign(time, { mono: 5000, real: 1_700_000_000_000 }));

test('a gap up to the limit is no freeze', () => {
  const watch = new FreezeWatch(clock);
  const guard = watch.guard(10_000);
  pass({ mono: 10_000, real: 10_000 });
  guard.check();
  expect(guard.signal.aborted).toBe(false);
  expect(watch.lastTick).toBe(15_000);
});

test('O6: the monotonic clock gives a stopped process away, at the first look', () => {
  const watch = new FreezeWatch(clock);
  const guard = watch.guard(10_000);
  pass({ mono: 10_001, real: 10_001 });
  expect(() => guard.check()).toThrow(FrozenError);
  // Frozen once is frozen for good, for who held a guard then; who comes later begins afresh.
  expect(() => guard.check()).toThrow(/10001 ms, longer than 10000 ms/);
  watch.guard(10_000).check();
});

test('O6: the wall clock gives a suspended machine away', () => {
  const watch = new FreezeWatch(clock);
  const guard = watch.guard(10_000);
  pass({ mono: 50, real: 3_600_000 });
  expect(() => guard.check()).toThrow(FrozenError);
});

test('a wall clock that is set back is no freeze', () => {
  const watch = new FreezeWatch(clock);
  const guard = watch.guard(10_000);
  pass({ mono: 1000, real: -3_600_000 });
  guard.check();
});

test('each guard has its own limit, and a closed one is left alone', () => {
  const watch = new FreezeWatch(clock);
  const short = watch.guard(5000);
  const long = watch.guard(60_000);
  const closed = watch.guard(5000);
  closed.close();
  pass({ mono: 6000, real: 6000 });
  watch.tick();
  expect([short, long, closed].map((guard) => guard.signal.aborted)).toEqual([true, false, false]);
});

test('O1: work that was handed over before a freeze and starts after it can be told', () => {
  const watch = new FreezeWatch(clock);
  pass({ mono: 30_000, real: 30_000 });
  watch.tick();
  expect(watch.frozenWithin(1000, 15_000)).toBe(true);
  expect(watch.frozenWithin(1000, 40_000)).toBe(false);
  pass({ mono: 1001, real: 1001 });
  expect(watch.frozenWithin(1000, 15_000)).toBe(false);
  expect(watch.frozenWithin(2000, 15_000)).toBe(true);
});

test('it ticks every second between start and stop', () => {
  vi.useFakeTimers();
  try {
    const watch = new FreezeWatch(clock);
    const guard = watch.guard(10_000);
    watch.start();
    pass({ mono: 1000, real: 1000 });
    vi.advanceTimersByTime(1000);
    expect(watch.lastTick).toBe(6000);
    watch.stop();
    pass({ mono: 60_000, real: 60_000 });
    vi.advanceTimersByTime(60_000);
    expect(watch.lastTick).toBe(6000);
    expect(guard.signal.aborted).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});
