import { expect, test } from 'vitest';
import { shareOf, type Version } from '../../../temporal/routing.ts';

const one = { deploymentName: 'orders', buildId: '1' };
const two = { deploymentName: 'orders', buildId: '2' };
const namesake = { deploymentName: 'other', buildId: '1' };

test.each<{ current: Version; ramping?: { version: Version; percentage: number }; shares: readonly number[] }>([
  { current: undefined, shares: [100, 0, 0, 0] },
  { current: one, shares: [0, 100, 0, 0] },
  { current: namesake, shares: [0, 0, 0, 100] },
  { current: undefined, ramping: { version: one, percentage: 10 }, shares: [90, 10, 0, 0] },
  { current: one, ramping: { version: two, percentage: 25 }, shares: [0, 75, 25, 0] },
  { current: one, ramping: { version: two, percentage: 100 }, shares: [0, 0, 100, 0] },
  { current: one, ramping: { version: undefined, percentage: 5 }, shares: [5, 95, 0, 0] },
])('who gets how much of $current with $ramping', ({ current, ramping, shares }) => {
  expect([undefined, one, two, namesake].map((version) => shareOf(version, { current, ramping }))).toEqual(shares);
});
