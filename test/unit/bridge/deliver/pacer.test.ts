import { expect, test } from 'vitest';
import { Pacer } from '../../../../bridge/deliver/pacer.ts';

const newPacer = (): Pacer => new Pacer({ max: 8, now: () => 0, random: () => 1 });

/** How many requests could go out beside one another. */
function width(pacer: Pacer): number {
  let count = 0;
  while (count < 1000 && pacer.maySend(count)) count += 1;
  return count;
}

test('O9: out of reach: all rest, then one request goes out, and each success lets one more go', () => {
  const pacer = newPacer();
  expect(width(pacer)).toBe(8);
  expect(pacer.failed(pacer.start(1), false)).toBe(100);
  expect(width(pacer)).toBe(0);
  pacer.resume();
  expect(width(pacer)).toBe(1);
  for (const expected of [2, 3, 4, 5, 6, 7, 8, 8]) {
    pacer.succeeded(pacer.start(1));
    expect(width(pacer)).toBe(expected);
  }
});

test('O9: the rests of an outage grow up to a bound, and begin anew after it', () => {
  const pacer = newPacer();
  const rest = (): number | undefined => {
    const restMs = pacer.failed(pacer.start(1), false);
    pacer.resume();
    return restMs;
  };
  expect(Array.from({ length: 8 }, rest)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  pacer.succeeded(pacer.start(1));
  expect(rest()).toBe(100);
});

test('requests that were in flight together fall once', () => {
  const pacer = newPacer();
  const tickets = Array.from({ length: 8 }, () => pacer.start(1));
  expect(tickets.map((sentRequest) => pacer.failed(sentRequest, false))).toEqual([100, 0, 0, 0, 0, 0, 0, 0]);
  pacer.resume();
  // One of before that is late counts for nothing.
  pacer.succeeded(tickets[0]!);
  expect(width(pacer)).toBe(1);
  expect(pacer.failed(pacer.start(1), false)).toBe(200);
});

test('O3: a request without an answer, among others that were answered, concerns nobody else', () => {
  const pacer = newPacer();
  const slow = pacer.start(1);
  pacer.succeeded(pacer.start(1));
  expect(pacer.failed(slow, false)).toBeUndefined();
  expect(width(pacer)).toBe(8);
});

test('O9: throttled: half as many go out from then on, although others succeed', () => {
  const pacer = newPacer();
  const throttled = pacer.start(1);
  pacer.succeeded(pacer.start(1));
  expect(pacer.failed(throttled, true)).toBe(100);
  expect(width(pacer)).toBe(0);
  pacer.resume();
  expect(width(pacer)).toBe(4);
  for (const expected of [2, 1, 1]) {
    pacer.failed(pacer.start(1), true);
    pacer.resume();
    expect(width(pacer)).toBe(expected);
  }
});

test('O3: lanes that take nothing for now are no measure for how many requests the others make use of', () => {
  let now = 0;
  const pacer = new Pacer({ max: 64, now: () => now, random: () => 1 });
  const widthAfter = (refusals: number): number => {
    for (let round = 0; round < 200; round += 1) {
      const requests = Array.from({ length: width(pacer) }, (_, index) => pacer.start(index + 1));
      const rejected = Array.from({ length: refusals }, () => pacer.start(1));
      now += 1;
      for (const sentRequest of rejected) pacer.rejected(sentRequest);
      now += 7;
      for (const sentRequest of requests) pacer.succeeded(sentRequest);
    }
    return width(pacer);
  };
  expect(widthAfter(0)).toBe(64);
  expect(widthAfter(3)).toBe(64);
});
