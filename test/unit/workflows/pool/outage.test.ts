import { describe, expect, test } from 'vitest';
import { afterTry, outageBegins, Trials, type Trial } from '../../../../workflows/pool/outage.ts';
import { FAILURE, POLICY } from '../../../support/lane-events.ts';

/** Evenly mixed. */
const trials = (failed: number, done: number): Trial[] =>
  Array.from({ length: failed + done }, (_, index) => {
    const share = failed / (failed + done);
    return Math.floor((index + 1) * share) > Math.floor(index * share) ? 'failed' : 'done';
  });

describe('whether the fault lies with the keys', () => {
  test('one poison key among healthy ones is no outage, however often', () => {
    const all = new Trials();
    for (let batch = 0; batch < 100; batch += 1) expect(all.add(trials(1, 9))).toBe(false);
  });

  test('a key that fails alone is no outage, nor are four', () => {
    const all = new Trials();
    for (let key = 1; key <= 4; key += 1) expect(all.add(['failed'])).toBe(false);
    expect(all.add(['failed'])).toBe(true);
  });

  test.each([
    [250, 250, false],
    [251, 249, true],
    [100, 400, false],
    [5, 4, true],
    [5, 5, false],
    [4, 0, false],
  ])('of a batch %i fail and %i do not: %s', (failed, done, isOutage) => {
    expect(new Trials().add(trials(failed, done))).toBe(isOutage);
  });

  test('a batch in which most keys fail is enough, however well the keys before did', () => {
    const all = new Trials();
    all.add(trials(0, 500));
    expect(all.add(trials(5, 4))).toBe(true);
  });

  test('small batches count together with those before', () => {
    const all = new Trials();
    all.add(trials(0, 20));
    const seen = Array.from({ length: 12 }, () => all.add(['failed']));
    expect(seen.indexOf(true)).toBe(10);
  });

  const outage = outageBegins(1000, FAILURE, POLICY);
  const latest = { failure: FAILURE, policy: POLICY };

  test('tries are further and further apart, half a minute at the most', () => {
    let now = 1000;
    const waits: number[] = [];
    for (let current = outage, count = 0; count < 12; count += 1) {
      const next = afterTry(current, { done: 0, failed: 8 }, now, latest);
      waits.push(next!.retryAt - now);
      now = next!.retryAt;
      current = next!;
    }
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeLessThanOrEqual(30_000);
  });

  test('it ends when as many keys do well as fail, and tries more keys when some do', () => {
    expect(afterTry(outage, { done: 4, failed: 4 }, 2000, latest)).toBeUndefined();
    expect(afterTry(outage, { done: 1, failed: 0 }, 2000, undefined)).toBeUndefined();
    expect(afterTry(outage, { done: 1, failed: 7 }, 2000, latest)).toMatchObject({ keys: 16, tries: 1 });
    expect(afterTry(outage, { done: 0, failed: 8 }, 2000, latest)).toMatchObject({ keys: 8, tries: 1 });
  });

  test('a try that says nothing is made again at once', () => {
    expect(afterTry(outage, { done: 0, failed: 0 }, 2000, undefined)).toMatchObject({ tries: 0, retryAt: 2000 });
  });
});
