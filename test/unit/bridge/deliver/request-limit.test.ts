import { expect, test } from 'vitest';
import { RequestLimit } from '../../../../bridge/deliver/request-limit.ts';

interface Server {
  /** Of a request that waits for no other. */
  readonly ms: number;
  /** Requests that it works on at a time; the others wait in the order in which they came. */
  readonly width: number;
}

/** Keeps as many requests in flight as the limit allows, for so many seconds; gives the limit at the end. */
function drive(limit: RequestLimit, { ms, width }: Server, seconds: number, from = 0): number {
  const freeAt = Array.from({ length: width }, () => from);
  const inFlight: { readonly at: number; readonly beside: number; readonly done: number }[] = [];
  let now = from;
  while (now < from + seconds * 1000) {
    while (inFlight.length < limit.limit) {
      const next = freeAt.indexOf(Math.min(...freeAt));
      const done = Math.max(now, freeAt[next] ?? now) + ms;
      freeAt[next] = done;
      inFlight.push({ at: now, beside: inFlight.length + 1, done });
    }
    inFlight.sort((a, b) => a.done - b.done);
    const first = inFlight.shift();
    if (first === undefined) break;
    now = first.done;
    limit.answered({ ms: now - first.at, inFlight: first.beside }, now);
  }
  return limit.limit;
}

test('a busy server is given what it works on, and a few that wait', () => {
  expect(drive(new RequestLimit(64), { ms: 5, width: 2 }, 20)).toBeLessThanOrEqual(10);
});

test('a server that is far away is given as many as the settings allow', () => {
  expect(drive(new RequestLimit(64), { ms: 80, width: 1000 }, 5)).toBe(64);
});

test('one that becomes slower is given fewer, and more when that is over', () => {
  const limit = new RequestLimit(64);
  expect(drive(limit, { ms: 10, width: 1000 }, 5)).toBe(64);
  expect(drive(limit, { ms: 10, width: 2 }, 20, 5000)).toBeLessThanOrEqual(12);
  expect(drive(limit, { ms: 10, width: 1000 }, 60, 25_000)).toBe(64);
});

test('one that stays slower for good is not taken for a crowded one', () => {
  const limit = new RequestLimit(64);
  expect(drive(limit, { ms: 10, width: 1000 }, 5)).toBe(64);
  expect(drive(limit, { ms: 200, width: 1000 }, 60, 5000)).toBe(64);
});

test('the settings have the last word', () => {
  expect(drive(new RequestLimit(1), { ms: 5, width: 2 }, 5)).toBe(1);
  expect(drive(new RequestLimit(5), { ms: 80, width: 1000 }, 5)).toBe(5);
});

test('answers to requests that nothing held back say nothing of the limit', () => {
  const limit = new RequestLimit(64);
  const { limit: before } = limit;
  for (let now = 0; now < 10_000; now += 10) limit.answered({ ms: 5, inFlight: 1 }, now);
  expect(limit.limit).toBe(before);
});
