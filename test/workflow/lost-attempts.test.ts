/** Attempts that Temporal loses although their process runs on, as on an overloaded machine: on a real server. */
import { afterEach, describe, expect, test } from 'vitest';
import type { RetryPolicy } from '../../contracts/event/failure.ts';
import { eventually } from '../support/eventually.ts';
import { hostings } from '../support/hostings.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';

const HEARTBEAT_TIMEOUT_MS = 1000;

let lanes: LaneHarness;
afterEach(() => lanes.stop());

/** Holds up everything in this process, heartbeats too. */
function holdUp(): void {
  const until = performance.now() + 2.5 * HEARTBEAT_TIMEOUT_MS;
  while (performance.now() < until);
}

async function start(maxAttempts: number, handler: (call: number) => void): Promise<() => number> {
  const retry: RetryPolicy = { maxAttempts, initialIntervalMs: 10, backoff: 1, maxIntervalMs: 10 };
  let calls = 0;
  lanes = await LaneHarness.start({
    handler: () => {
      calls += 1;
      handler(calls);
    },
    handling: { retry },
    lane: { heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS },
  });
  return () => calls;
}

describe.each(hostings)('%s hosting', (hosting) => {
  test('O5 attempts that were lost although the process ran on are not the failure of their key (fault B14)', async () => {
    let isDone = false;
    const calls = await start(1, (call) => {
      if (call <= 3) return holdUp();
      isDone = true;
    });
    if (hosting === 'own') await lanes.send('a', [laneEvent(1)]);
    else await lanes.pool([{ key: 'a', ...laneEvent(1) }], { heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS });
    await eventually(() => isDone, 45_000);
    expect(calls()).toBe(4);
    if (hosting === 'pooled') expect(await lanes.whereIs('a')).toBe('pool');
    else await eventually(async () => (await lanes.view('a')).phase.state === 'idle');
  });
});

test('O5 the last attempt of the policy is made again when it was lost, and the cause stays that of the handler (fault B14)', async () => {
  await start(2, (call) => {
    if (call === 2) holdUp();
    throw new Error('the real cause');
  });
  await lanes.send('a', [laneEvent(1)]);
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked', 30_000);
  const { phase } = await lanes.view('a');
  expect(phase).toMatchObject({ attempts: 2, failure: { type: 'Error', message: 'the real cause' } });
});

test('O3 O5 an event whose last attempts are all lost is taken for the cause after three (fault B14)', async () => {
  const calls = await start(2, (call) => {
    if (call === 1) throw new Error('once');
    holdUp();
  });
  await lanes.send('a', [laneEvent(1)]);
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked', 45_000);
  const { phase } = await lanes.view('a');
  expect(phase).toMatchObject({ attempts: 2, failure: { type: 'HeartbeatTimeout' } });
  expect(phase).not.toHaveProperty('losses');
  expect(calls()).toBe(4);
});
