/** Any mixture of keys that fail, dependencies that go and come, and retry policies: what a pool promises for each key. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RetryPolicy } from '../../../../../contracts/event/failure.ts';
import { ModelPool } from '../model-pool.ts';

const SECOND = 1000;
/** Batches of a run, and keys that are taken up one after the other when a hold ends. */
const SLACK_MS = 2 * SECOND;
const END = 3 * 3_600_000;

const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 6 }),
  initialIntervalMs: fc.constantFrom(10, 500, 5000),
  backoff: fc.constantFrom(1, 2, 10),
  maxIntervalMs: fc.constantFrom(5000, 60_000),
});
/** When a dependency of all keys is down. */
const downs = fc.array(
  fc.record({ from: fc.integer({ min: 0, max: 900 }), seconds: fc.integer({ min: 1, max: 600 }) }),
  { maxLength: 4 },
);
/** In seconds, with the key of each event. */
const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 39 })), {
  minLength: 1,
  maxLength: 200,
});
const scenarios = fc.record({
  policy: policies,
  maxHoldMs: fc.constantFrom<number[]>(20 * SECOND, 120 * SECOND, 600 * SECOND),
  downs,
  arrivals,
  /** Of 40 keys, those whose events fail from some number on, whatever is up. */
  bad: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 40 }),
});
type Scenario = typeof scenarios extends fc.Arbitrary<infer One> ? One : never;

interface Event {
  readonly key: string;
  readonly n: number;
  readonly at: number;
}

function run({ arrivals: all, bad, downs: windows, maxHoldMs, policy }: Scenario) {
  const isDown = (now: number) =>
    windows.some(({ from, seconds }) => now >= from * SECOND && now < (from + seconds) * SECOND);
  const badFrom = (key: string) => bad[Number(key.slice(4))] ?? Infinity;
  const fails = (key: string, n: number, now: number) => n >= badFrom(key) || isDown(now);
  const pool = new ModelPool({ policy, maxHoldMs, fails });
  const counts = new Map<string, number>();
  const events: Event[] = [];
  for (const [second, index] of all.toSorted(([a], [b]) => a - b)) {
    const key = `key-${index}`;
    const n = 1 + (counts.get(key) ?? 0);
    counts.set(key, n);
    pool.runUntil(Math.max(pool.now, second * SECOND));
    if (pool.left.has(key)) continue;
    pool.add(key, n);
    events.push({ key, n, at: pool.now });
  }
  pool.runUntil(END);
  return { pool, events, isDown, badFrom };
}

describe('for each key of a pool (fault B8)', () => {
  test('no event is tried more often than its policy allows, and each is done or has left with its key', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { events, pool } = run(scenario);
        for (const [id, attempts] of pool.attempts)
          expect(attempts, id).toBeLessThanOrEqual(scenario.policy.maxAttempts);
        expect(pool.keys.events).toBe(0);
        for (const { key, n } of events) expect(pool.done.has(`${key}:${n}`) || pool.left.has(key), key).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test('none stays in the pool failing for longer than the hold may last, and one more wait of its policy', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { pool } = run(scenario);
        for (const [key, { at, failingSince }] of pool.left) {
          const max = scenario.maxHoldMs + scenario.policy.maxIntervalMs + SLACK_MS;
          expect(at - failingSince, key).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('what can be handled waits for the failures of others for no longer than that', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { badFrom, events, isDown, pool } = run({ ...scenario, downs: [] });
        expect(isDown(0)).toBe(false);
        for (const { at, key, n } of events) {
          if (n >= badFrom(key)) continue;
          expect(pool.done.get(`${key}:${n}`)! - at, `${key}:${n}`).toBeLessThanOrEqual(scenario.maxHoldMs + SLACK_MS);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('a dependency that is back in time costs no key a lane but those whose attempts it used up', () => {
    fc.assert(
      fc.property(scenarios, fc.integer({ min: 1, max: 100 }), (scenario, seconds) => {
        const policy = { maxAttempts: 1000, initialIntervalMs: 500, backoff: 2, maxIntervalMs: 60_000 };
        const scene = { ...scenario, policy, bad: [], maxHoldMs: 600 * SECOND, downs: [{ from: 60, seconds }] };
        const { events, pool } = run(scene);
        // Fewer than five failures tell nothing yet.
        expect(pool.left.size).toBeLessThan(5);
        const inTime = (60 + seconds + 35) * SECOND;
        for (const { at, key, n } of events) {
          if (pool.left.has(key)) continue;
          expect(pool.done.get(`${key}:${n}`)).toBeLessThanOrEqual(Math.max(at, inTime) + SLACK_MS);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('3,000 keys of which a share has bad events (fault B8)', () => {
  const policy = { maxAttempts: 10, initialIntervalMs: SECOND, backoff: 2, maxIntervalMs: 60_000 };
  const badShare = (key: string) => (Number(key.slice(4)) * 0.618_033_988_75) % 1;
  test.each([
    [0.3, 1],
    [0.49, 5],
    [0.5, 5],
    [0.51, 5],
    [0.6, 5],
    [0.7, 5],
    [0.8, 30],
    [0.95, 30],
  ])('of %f: all others are done within %i s, and all bad ones leave', (share, seconds) => {
    const pool = new ModelPool({ policy, maxHoldMs: 3600 * SECOND, fails: (key) => badShare(key) < share });
    const keys = Array.from({ length: 3000 }, (_, index) => `key-${index}`);
    for (const key of keys) pool.add(key, 1);
    pool.runUntil(END);
    const bad = keys.filter((key) => badShare(key) < share);
    expect(pool.left.size).toBe(bad.length);
    expect(pool.done.size).toBe(keys.length - bad.length);
    expect(Math.max(...pool.done.values())).toBeLessThanOrEqual(seconds * SECOND);
    for (const { at } of pool.left.values()) expect(at).toBeLessThanOrEqual(3660 * SECOND + SLACK_MS);
  });
});
