import { expect, test } from 'vitest';
import { PollPace } from '../../../../bridge/read/poll-pace.ts';
import type { Page } from '../../../../sources/source.ts';
import { record } from './scripted-source.ts';

const PACE = { minIntervalMs: 200, idleIntervalMs: 1000 };
const full = (rest: Partial<Page> = {}): Page => ({ records: [record('a', 1, 'k')], ended: false, ...rest });
const empty = (rest: Partial<Page> = {}): Page => ({ records: [], ended: false, ...rest });
const paced = (pace = PACE, random = 0) => new PollPace(pace, () => random);

test('a shard that has had records is asked as often as is allowed, and less and less often while it has none', () => {
  const pace = paced();
  const pages = [full(), empty(), empty(), empty(), empty(), empty(), full(), empty()];
  expect(pages.map((page) => pace.after(page))).toEqual([200, 200, 400, 800, 1000, 1000, 200, 200]);
});

test('a shard of which nothing is known yet counts as quiet, so that a new reader asks no more of it', () => {
  const pace = paced({ minIntervalMs: 200, idleIntervalMs: 60_000 });
  expect([1, 2].map(() => pace.after(empty()))).toEqual([60_000, 60_000]);
});

test('a shard that has been quiet for days is asked as often as the settings say', () => {
  const pace = paced({ minIntervalMs: 200, idleIntervalMs: 60_000 });
  for (const page of [full(), ...Array.from({ length: 5000 }, () => empty())]) pace.after(page);
  expect(pace.after(empty())).toBe(60_000);
});

test('a page without records is no sign of quiet while the shard has more', () => {
  const pages = [empty({ lagMs: 5000 }), empty({ skipped: 1000 }), empty({ lagMs: 0 })];
  const pace = paced();
  expect(pages.map((page) => pace.after(page))).toEqual([200, 200, 200]);
  expect(paced().after(empty({ lagMs: 0, skipped: 1000 }))).toBe(1000);
});

test('the service may rest a shard for longer than the pace', () => {
  expect(paced().after(full({ restMs: 700 }))).toBe(700);
  expect(paced(PACE, 0.9999).after(empty({ restMs: 2000 }))).toBeGreaterThanOrEqual(2000);
});

test('what is caught up with is read at moments of its own: never sooner than allowed, nor later than the settings say', () => {
  const pace = paced(PACE, 0.9999);
  expect(pace.after(empty({ lagMs: 0 }))).toBeCloseTo(750, 0);
  expect(pace.after(full({ lagMs: 0 }))).toBeCloseTo(250, 0);
  expect(pace.after(empty({ lagMs: 0 }))).toBeCloseTo(250, 0);
  expect(pace.after(empty({ lagMs: 0 }))).toBeCloseTo(300, 0);
});

test('what is behind does not wait longer than the source demands', () => {
  const pace = paced(PACE, 0.9999);
  expect([full({ lagMs: 1 }), full()].map((page) => pace.after(page))).toEqual([200, 200]);
});

test('a source that is waited for, and not asked, is never left alone', () => {
  const pace = paced({ minIntervalMs: 0, idleIntervalMs: 0 }, 0.5);
  expect([empty(), full(), empty()].map((page) => pace.after(page))).toEqual([0, 0, 0]);
});
