import { describe, expect, test } from 'vitest';
import type { ProbeCounts } from '../../../../../contracts/pool/state.ts';
import { OutageWatch, Trials, type Trial } from '../../../../../workflows/pool/outage/outage.ts';
import { FAILURE, POLICY } from '../../../../support/lane-events.ts';

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
});

const HOUR = 3_600_000;
const policy = { ...POLICY, initialIntervalMs: 1000, backoff: 2, maxIntervalMs: 60_000, maxAttempts: 10 };
const latest = { failure: FAILURE, policy };
const NOTHING: ProbeCounts = { freshDone: 0, freshFailed: 0, retriedDone: 0, retriedFailed: 0 };

function holding(since = 1000): OutageWatch {
  const watch = new OutageWatch({}, HOUR);
  expect(watch.judge({ trials: trials(5, 0), latest }, since)).toMatchObject([{ to: 'holding' }]);
  return watch;
}

const probed = (watch: OutageWatch, counts: Partial<ProbeCounts>, now: number) =>
  watch.judge({ trials: [], probe: { ...NOTHING, ...counts }, latest }, now).map(({ to }) => to);

describe('a hold', () => {
  test('probes are further and further apart, half a minute at most, with more keys each time', () => {
    const watch = holding();
    let now = 1000;
    const waits: number[] = [];
    const counts: (number | undefined)[] = [];
    for (let probe = 0; probe < 12; probe += 1) {
      probed(watch, { freshFailed: 4, retriedFailed: 4 }, now);
      waits.push(watch.outage!.retryAt - now);
      counts.push(watch.outage!.fresh);
      now = watch.outage!.retryAt;
    }
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBe(30_000);
    expect(counts.slice(0, 4)).toEqual([8, 16, 32, 32]);
  });

  test.each([
    ['all', { freshDone: 4, retriedDone: 4 }],
    ['half of those that had failed', { freshDone: 4, retriedDone: 2, retriedFailed: 2 }],
    ['fresh ones, where none had failed', { freshDone: 4 }],
  ])('ends when handlers work again: %s succeed', (_, counts) => {
    const watch = holding();
    expect(probed(watch, counts, 2000)).toEqual(['normal']);
    expect(watch.outage ?? watch.release).toBeUndefined();
  });

  test('goes on, without longer waits and with more keys, when some of those that had failed succeed', () => {
    const watch = holding();
    expect(probed(watch, { freshFailed: 4, retriedDone: 1, retriedFailed: 3 }, 2000)).toEqual([]);
    expect(watch.outage).toMatchObject({ tries: 0, retried: 8, retryAt: 3000 });
  });

  test.each([
    [1, 4, false],
    [1, 3, true],
    [5, 2, true],
  ])(
    'of the fresh keys of a probe %i succeed and %i fail, none that had failed: own data %s (fault B8)',
    (...counts) => {
      const [freshDone, freshFailed, isOwnData] = counts;
      const watch = holding();
      for (let probe = 1; probe <= 4; probe += 1)
        probed(watch, { freshDone, freshFailed, retriedFailed: 4 }, 1000 * probe);
      expect(watch.release?.why).toBe(isOwnData ? 'own data' : undefined);
    },
  );

  test('a key that had failed and succeeds shows that the failures of the others may pass too', () => {
    const watch = holding();
    for (let probe = 1; probe <= 8; probe += 1) {
      probed(watch, { freshDone: 2, freshFailed: 2, retriedDone: 1, retriedFailed: 5 }, 1000 * probe);
    }
    expect(watch.outage).toBeDefined();
  });

  test('a probe that says nothing is made again after the same wait, and does not reset it (fault B12)', () => {
    const watch = holding();
    for (let probe = 0; probe < 4; probe += 1) probed(watch, { freshFailed: 4 }, 2000);
    const { tries } = watch.outage!;
    expect(watch.judge({ trials: [], probe: NOTHING, latest: undefined }, 50_000)).toEqual([]);
    expect(watch.outage).toMatchObject({ tries, retryAt: 50_000 + 16_000 });
  });

  test('a batch that began before it changes neither its waits nor its end (fault B12)', () => {
    const watch = holding();
    const before = watch.outage;
    watch.judge({ trials: trials(0, 50), latest: undefined }, 2000);
    watch.judge({ trials: trials(50, 0), latest }, 2000);
    expect(watch.outage).toEqual(before);
  });

  test('ends at its bound, with a warning when half of the time is over (fault B8)', () => {
    const watch = holding(0);
    const seen: [string, number][] = [];
    for (let now = 30_000; now < HOUR; now += 30_000) {
      for (const to of probed(watch, { freshFailed: 8, retriedFailed: 8 }, now)) seen.push([to, now]);
    }
    expect(seen).toEqual([['holding, half of the time is over', HOUR / 2]]);
    expect(watch.nextAt).toBe(HOUR);
    expect(watch.tick(HOUR - 1)).toEqual([]);
    expect(watch.tick(HOUR)).toMatchObject([{ to: 'releasing', release: { why: 'bound', since: 0 } }]);
  });

  test('does not begin again before most keys have succeeded for a while', () => {
    const watch = holding(0);
    watch.tick(HOUR);
    watch.judge({ trials: trials(50, 0), latest }, HOUR + 59_000);
    expect(watch.release).toMatchObject({ calmAt: HOUR + 119_000 });
    watch.judge({ trials: trials(0, 50), latest: undefined }, HOUR + 100_000);
    expect(watch.release).toBeDefined();
    expect(watch.tick(HOUR + 119_000)).toEqual([{ to: 'normal', since: 0 }]);
  });

  test('time that was spent holding comes back no faster than it went (fault B8)', () => {
    const watch = holding(0);
    // The handlers work for a second now and then: without a budget each hold would have the whole time again.
    let now = 0;
    let free = 0;
    while (watch.release === undefined) {
      now += HOUR / 10;
      if (watch.tick(now).length > 0) break;
      probed(watch, { freshDone: 4, retriedDone: 4 }, now);
      now += 1000;
      free += 1000;
      watch.judge({ trials: trials(20, 0), latest }, now);
    }
    expect(now).toBeLessThanOrEqual(HOUR + 2 * free + HOUR / 10);
    watch.tick(now + 60_000);
    watch.judge({ trials: trials(20, 0), latest }, now + 60_000);
    expect(watch.outage!.holdUntil - now - 60_000).toBeLessThanOrEqual(60_000);
  });

  test('is carried, with the time that was spent (fault B12)', () => {
    const watch = holding(0);
    probed(watch, { freshFailed: 8, retriedFailed: 8 }, 2000);
    const carried = new OutageWatch(JSON.parse(JSON.stringify(watch.toCarried(5000))), HOUR);
    expect(carried.outage).toEqual(watch.outage);
    probed(carried, { freshDone: 8, retriedDone: 8 }, 1_000_000);
    const again = new OutageWatch(JSON.parse(JSON.stringify(carried.toCarried(1_000_000))), HOUR);
    again.judge({ trials: trials(20, 0), latest }, 1_000_000);
    expect(again.outage!.holdUntil).toBe(HOUR);
  });
});
