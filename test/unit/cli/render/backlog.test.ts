import { expect, test } from 'vitest';
import { renderBacklog } from '../../../../cli/render/backlog.ts';
import { styleFor } from '../../../../cli/render/style.ts';
import type { BacklogPage } from '../../../../operations/lanes/backlog.ts';

const NOW = 1_700_000_100_000;
const context = {
  target: { pipeline: 'orders', key: 'order 1', name: 'order 1' },
  program: 'keylane',
  style: styleFor({ isTTY: false } as never, {}),
  now: NOW,
  limit: 2,
};
const waiting = (n: number) => ({ position: `shardId-000000000000:${n}`, arrivedAt: NOW - 1000 * n, size: 10 * n });
const page: BacklogPage = { skipped: 3, total: 9, events: [waiting(4), waiting(5)] };

test('a page of a backlog numbers its events from the head on, and tells how to see the next ones', () => {
  expect(renderBacklog(page, context)).toMatchInlineSnapshot(`
    "order 1  9 events in the lane
    #  RECORD                  ARRIVED  SIZE
    3  shardId-000000000000:4  4s ago   40 B
    4  shardId-000000000000:5  5s ago   50 B
    more: keylane show --backlog --skip 5 --limit 2 'order 1'"
  `);
});

test('the last page proposes no other', () => {
  expect(renderBacklog({ ...page, total: 5 }, context)).not.toContain('more:');
});

test('a lane without events, and a page beyond the last one, say so', () => {
  expect(renderBacklog({ skipped: 0, total: 0, events: [] }, context)).toBe('order 1  0 events in the lane');
  expect(renderBacklog({ skipped: 9, total: 9, events: [] }, context)).toBe(
    'order 1  9 events in the lane, none after the first 9',
  );
});
