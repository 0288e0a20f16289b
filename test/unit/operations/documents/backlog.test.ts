import { expect, test } from 'vitest';
import { backlogDocument } from '../../../../operations/documents/backlog.ts';
import { checkedDocument } from '../../../support/documents.ts';

test('events of a page are numbered from the head', () => {
  const waiting = (n: number) => ({ position: `shardId-000000000000:${n}`, arrivedAt: 1000 * n, size: 10 * n });
  const page = { skipped: 3, total: 9, events: [waiting(4), waiting(5)] };
  const key = { pipeline: 'orders', key: 'order 1' };
  expect(checkedDocument(backlogDocument(page, key, 'order 1'))).toEqual({
    version: 1,
    kind: 'backlog',
    name: 'order 1',
    ...key,
    total: 9,
    events: [
      { index: 3, position: 'shardId-000000000000:4', arrivedAt: '1970-01-01T00:00:04.000Z', size: 40 },
      { index: 4, position: 'shardId-000000000000:5', arrivedAt: '1970-01-01T00:00:05.000Z', size: 50 },
    ],
  });
});
