import { expect, test } from 'vitest';
import type { BlockedLane } from '../../../../operations/lanes/blocked-lanes.ts';
import { renderBlocked } from '../../../../cli/render/blocked.ts';
import { PLAIN } from '../fake-io.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const SEQUENCE = '49590338271490256608559692538361571095921575989136588898';

function blocked(key: string, fields: Partial<BlockedLane> = {}): BlockedLane {
  return {
    pipeline: 'orders',
    key,
    workflowId: `orders:${key}`,
    since: NOW - 192_000,
    attempts: 10,
    position: `shardId-000000000003:${SEQUENCE}`,
    failure: { type: 'TypeError', message: `Cannot read properties of null (reading 'total')`, nonRetryable: false },
    cause: `TypeError: Cannot read properties of null (reading '…')`,
    waiting: 3,
    exact: true,
    ...fields,
  };
}

const render = (lanes: readonly BlockedLane[], total = lanes.length, width?: number) =>
  `\n${renderBlocked({ lanes, total }, { style: { ...PLAIN, width }, now: NOW, nameOf: ({ key }) => key })}\n`;

test('nothing is blocked', () => {
  expect(render([])).toMatchInlineSnapshot(`
    "
    No key is blocked.
    "
  `);
});

test('whole positions and causes where nothing is cut', () => {
  expect(render([blocked('order-42')])).toMatchInlineSnapshot(`
    "
    KEY       BLOCKED FOR  ATTEMPTS  WAITING  RECORD                                                                         CAUSE
    order-42  3m12s        10        3        shardId-000000000003:49590338271490256608559692538361571095921575989136588898  TypeError: Cannot read properties of null (reading 'total')
    "
  `);
});

test('keys that share a cause are counted below, and lines fit the terminal', () => {
  const timeout = { type: 'HandlerTimeout', message: 'The handler took longer than 30s', nonRetryable: false };
  const lanes = [
    blocked('order-1', { since: NOW - 3 * 86_400_000 }),
    blocked('order-2', { failure: timeout, cause: 'HandlerTimeout: The handler took longer than #s' }),
    blocked('order-3', { since: NOW - 5000, waiting: 0 }),
  ];
  expect(render(lanes, 7, 110)).toMatchInlineSnapshot(`
    "
    KEY      BLOCKED FOR  ATTEMPTS  WAITING  RECORD                            CAUSE
    order-1  3d           10        3        shardId-000000000003:4959...8898  TypeError: Cannot read proper...
    order-2  3m12s        10        3        shardId-000000000003:4959...8898  HandlerTimeout: The handler t...
    order-3  5s           10        0        shardId-000000000003:4959...8898  TypeError: Cannot read proper...

    4 more keys are blocked: --limit 0 lists all.

    2 causes
    KEYS  PIPELINE  CAUSE
    2     orders    TypeError: Cannot read properties of null (reading '…')
    1     orders    HandlerTimeout: The handler took longer than #s
    "
  `);
});

test('without a worker the numbers are marked as old', () => {
  expect(render([blocked('order-42', { exact: false })])).toMatchInlineSnapshot(`
    "
    KEY       BLOCKED FOR  ATTEMPTS  WAITING  RECORD                                                                         CAUSE
    order-42  3m12s        10        3+       shardId-000000000003:49590338271490256608559692538361571095921575989136588898  TypeError: Cannot read properties of null (reading 'total')

    No worker answered: WAITING is the count at the time the key got blocked.
    "
  `);
});

test('a key cannot write to the terminal', () => {
  expect(render([blocked('\u001b[2Jgone\u202e')])).toContain(String.raw`\u001b[2Jgone\u202e`);
});

test('a lane that was terminated says so, and what brings it back (fault G4)', () => {
  const ended = { how: 'TERMINATED', at: NOW - 60_000 };
  const unknown = blocked('order-43', { ended });
  delete (unknown as { failure?: unknown }).failure;
  delete (unknown as { cause?: unknown }).cause;
  const text = render([
    blocked('order-42', { ended, failure: { type: 'E', message: 'm', nonRetryable: false } }),
    unknown,
  ]);
  expect(text).toContain('TERMINATED, to be started again; E: m\n');
  expect(text).toContain('TERMINATED, to be started again\n');
  expect(text).toContain('`keylane retry KEY`');
});
