import { expect, test } from 'vitest';
import { PollPace } from '../../../bridge/poll-pace.ts';
import type { Page } from '../../../sources/source.ts';
import { record } from './scripted-source.ts';

const PACE = { minIntervalMs: 200, idleIntervalMs: 1000 };
const full = (rest: Partial<Page> = {}): Page => ({ records: [record('a', 1, 'k')], ended: false, ...rest });
const empty = (rest: Partial<Page> = {}): Page => ({ records: [], ended: false, ...rest });
const paced = (pace = PACE, random = 0) => new PollPace(pace, () => random);

test('a quiet shard is asked less and less often, and as often as is allowed as soon as it has had records', () => {
  const pace = paced();
  const pages = [full(), empty(), empty(), empty(), empty(), empty(), full(), empty()];
  expect(pages.map((page) => pace.after(page))).toEqual([200, 200, 400, 800, 1000, 1000, 200, 200]);
});

test('a shard that has been quiet for days is asked as often as the settings say', () => {
  const pace = paced({ minIntervalMs: 200, idleIntervalMs: 60_000 });
  for (let page = 0; page < 5000; page += 1) pace.after(empty());
  expect(pace.after(empty())).toBe(60_000);
});

test('an empty page in the middle of a shard does not make it a quiet one', () => {
  const pace = paced();
  expect([1, 2, 3].map(() => pace.after(empty({ lagMs: 5000 })))).toEqual([200, 200, 200]);
});

test('the service rests a shard for longer than the pace', () => {
  expect(paced().after(full({ restMs: 700 }))).toBe(700);
  expect(paced().after(empty({ restMs: 700 }))).toBe(700);
});

test('what is caught up with is read at moments of its own, never sooner than allowed; what is behind does not wait longer', () => {
  const pace = paced(PACE, 0.9999);
  expect(pace.after(full({ lagMs: 0 }))).toBeCloseTo(250, 0);
  expect(pace.after(empty({ lagMs: 0 }))).toBeCloseTo(250, 0);
  expect(pace.after(full({ lagMs: 1 }))).toBe(200);
  expect(pace.after(full())).toBe(200);
});

test('a source that is waited for, and not asked, is never left alone', () => {
  const pace = paced({ minIntervalMs: 0, idleIntervalMs: 0 }, 0.5);
  expect([empty(), full(), empty()].map((page) => pace.after(page))).toEqual([0, 0, 0]);
});
