/** A pool whose signals to lanes are rejected with an unknown error message, on a real Temporal server. */
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';
import { Ledger } from '../support/ledger.ts';

let lanes: LaneHarness;
let ledger: Ledger;
let isPoison = true;

beforeEach(async () => {
  ledger = new Ledger();
  isPoison = true;
  lanes = await LaneHarness.start({
    handler: ({ key, position }) => {
      if (isPoison) throw new Error('poison');
      ledger.note(key, position.sequenceNumber);
    },
    handling: { retry: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 } },
    lane: { heartbeatTimeoutMs: 500 },
    interceptors: [fileURLToPath(new URL('../support/other-words.ts', import.meta.url))],
  });
});
afterEach(() => lanes.stop());

test('O1 O4 O5: whether a lane is gone is queried, and not derived from the message of an error (fault B13)', async () => {
  const send = (n: number) => lanes.pool([{ key: 'a', ...laneEvent(n) }]);
  await send(1);
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
  await lanes.lane('a').terminate('by mistake');
  isPoison = false;
  await send(2);
  // The next run of the lane recovers it, and holds both events.
  await eventually(async () => (await lanes.view('a')).waiting === 1, 15_000);
  await lanes.decide('a', 'retry');
  await eventually(() => ledger.of('a').length === 2);
  expect(ledger.of('a')).toEqual(['1', '2']);
  await eventually(async () => (await lanes.whereIs('a')) === 'pool');
});
