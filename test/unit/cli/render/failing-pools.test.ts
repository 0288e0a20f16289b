import { describe, expect, test } from 'vitest';
import type { ObservedPooledKey } from '../../../../operations/pools/pooled-key.ts';
import type { PoolsStatus } from '../../../../operations/pools/pools.ts';
import { renderBlocked } from '../../../../cli/render/blocked.ts';
import { pooledKeyDocument } from '../../../../operations/documents/pooled-key.ts';
import { poolsPart } from '../../../../operations/documents/pools.ts';
import { checkedDocument } from '../../../support/documents.ts';
import { renderPooledKey } from '../../../../cli/render/pooled-key.ts';
import { PLAIN } from '../fake-io.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;
const failure = { type: 'TypeError', message: 'amount is \u001b[31mnot a number', nonRetryable: false };
const POOLS: PoolsStatus = {
  count: 4,
  silent: 0,
  waiting: 3100,
  moved: 0,
  handled: 9,
  fullOfMovedKeys: 0,
  outages: 4,
  outage: { since: NOW - 5 * MINUTE, until: NOW + 55 * MINUTE, failure },
  releasing: 0,
  failing: { keys: 3000, events: 3100, leaving: 0, sample: ['order-1', 'order-\u001b2'] },
  lost: [],
};

const blocked = (pools: PoolsStatus) =>
  `\n${renderBlocked(
    { lanes: [], total: 0 },
    { style: PLAIN, now: NOW, nameOf: ({ key }) => key, failing: [{ pipeline: 'orders', pools }] },
  )}\n`;

describe('keys that fail and are not blocked yet (fault B8)', () => {
  test('keylane blocked tells of pools that hold their keys', () => {
    expect(blocked(POOLS)).toMatchInlineSnapshot(`
      "
      No key is blocked.

      orders  keys are failing that are not blocked yet
        most keys of 4 pools have been failing for 5m: TypeError: amount is \\u001b[31mnot a number
        they stay in their pools, for at most 55m more and some are probed; then they move out and are blocked
        3000 keys failing without a lane of their own, 100 events behind them: order-1, order-\\u001b2, ...
      "
    `);
  });

  test('keylane blocked tells of pools that hold them no longer', () => {
    const { outage: _over, ...rest } = POOLS;
    const release = { since: NOW - 65 * MINUTE, failure };
    const failing = { keys: 2, events: 2, leaving: 1, sample: ['order-1', 'order-2'] };
    expect(blocked({ ...rest, outages: 0, releasing: 1, release, failing })).toMatchInlineSnapshot(`
      "
      No key is blocked.

      orders  keys are failing that are not blocked yet
        keys of 1 pool have been failing for 1h5m and are moving out: TypeError: amount is \\u001b[31mnot a number
        2 keys failing without a lane of their own (1 about to move out), 0 events behind them: order-1, order-2
      "
    `);
  });

  test('as JSON, with times as text', () => {
    expect(poolsPart(POOLS)).toMatchObject({
      outage: { since: '2026-03-01T11:55:00.000Z', until: '2026-03-01T12:55:00.000Z' },
      failing: { keys: 3000 },
    });
  });
});

describe('a key that fails in its pool (fault B11)', () => {
  const pooled: ObservedPooledKey = {
    pipeline: 'orders',
    key: 'order-1',
    pool: 2,
    workflowId: 'orders/pool/2',
    view: {
      where: 'pool',
      waiting: 3,
      isInBatch: false,
      failing: {
        since: NOW - 5 * MINUTE,
        attempts: 2,
        lastAt: NOW - MINUTE,
        nextAt: NOW + 30_000,
        position: 'shardId-000000000000:7',
        failure,
        hold: { since: NOW - 5 * MINUTE, until: NOW + 55 * MINUTE },
      },
    },
  };

  test('is not shown as healthy', () => {
    const text = renderPooledKey(pooled, { name: 'order-1', style: PLAIN, now: NOW });
    expect(`\n${text}\n`).toMatchInlineSnapshot(`
      "
      order-1  failing, in pool 2: 3 events in progress
        record   shardId-000000000000:7
        failed   2 attempts since 2026-03-01T11:55:00.000Z, the last one 1m ago
        failure  TypeError: amount is \\u001b[31mnot a number
        next     in 30s or later, when the pool probes it
        held     with the other keys of its pool, most of which have been failing since 2026-03-01T11:55:00.000Z: for at most 55m more
        \`keylane retry\` tries it now; \`skip\` and \`replace\` act on the record. The key gets its own lane for that.
      "
    `);
  });

  test('as JSON, with times as text', () => {
    expect(checkedDocument(pooledKeyDocument(pooled, 'order-1'))).toMatchObject({
      name: 'order-1',
      view: { failing: { lastAt: '2026-03-01T11:59:00.000Z', hold: { until: '2026-03-01T12:55:00.000Z' } } },
    });
  });

  test('a healthy one is', () => {
    const healthy = { ...pooled, view: { where: 'pool', waiting: 0, isInBatch: false } } as const;
    expect(renderPooledKey(healthy, { name: 'order-1', style: PLAIN, now: NOW })).toBe(
      'order-1  healthy, in pool 2: no events wait',
    );
  });
});
