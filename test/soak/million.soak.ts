/** Verbs on the head of a lane take as long with a million events behind it as with none. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { DeliveryRejectedError, type LaneGateway } from '../../bridge/deliver/gateway.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { DEFAULT_LANE_OPTIONS } from '../../contracts/lane/options.ts';
import type { VerbName } from '../../contracts/names.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayTo } from '../support/gateway.ts';
import { laneEvents } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';
import { largestStart, peakOf, runsOn } from '../support/runs.ts';
import { mib, milliseconds, printFigures, seconds } from './figures.ts';

const EVENTS = 1_000_000;
const PER_SIGNAL = 1000;
const KIB = 1024;
const MINUTE = 60_000;
const TIMES = 20;

let lanes: LaneHarness;
afterEach(() => lanes.stop());

/** Of one verb, on the average of some. They leave the lane as it was. */
async function verbTime(): Promise<number> {
  const startedAt = performance.now();
  for (let time = 0; time < TIMES; time += 1) {
    for (const verb of ['pause', 'resume'] satisfies VerbName[]) await lanes.decide('a', verb);
  }
  return (performance.now() - startedAt) / TIMES / 2;
}

/** As a bridge does, which waits for a lane that does not keep up. */
async function sendPatiently(gateway: LaneGateway, key: string, events: readonly LaneEvent[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const leaseUntil = Date.now() + MINUTE;
      await gateway.send({ to: 'lane', key, events, leaseUntil, attempt }, new AbortController().signal);
      return;
    } catch (error) {
      if (!(error instanceof DeliveryRejectedError)) throw error;
      await delay(error.retryAfterMs);
    }
  }
}

test('O5 O11 verbs on the head, with a million events behind it', async () => {
  const handled: number[] = [];
  lanes = await LaneHarness.start({
    handler: (event) => {
      const { n } = event.json() as { n: number };
      if (n <= 2) throw new Error('poison');
      handled.push(n);
    },
    handling: { retry: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 } },
  });
  await lanes.send('a', laneEvents(1, 1));
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
  const alone = await verbTime();
  const startedAt = Date.now();
  const gateway = gatewayTo(lanes, { lane: DEFAULT_LANE_OPTIONS, requestTimeoutMs: 10_000 });
  for (let n = 2; n <= EVENTS; n += PER_SIGNAL)
    await sendPatiently(gateway, 'a', laneEvents(n, Math.min(EVENTS, n + PER_SIGNAL - 1)));
  await eventually(async () => (await lanes.view('a')).waiting === EVENTS - 1, 10 * MINUTE);
  await eventually(async () => ((await lanes.view('a')).segments?.events ?? 0) > EVENTS - 2 * PER_SIGNAL, MINUTE);
  const heldAt = Date.now();
  const { segments } = await lanes.view('a');
  const behind = await verbTime();
  const skipAt = performance.now();
  expect(await lanes.decide('a', 'skip')).toMatchObject({ outcome: 'done' });
  const skip = performance.now() - skipAt;
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
  expect(await lanes.view('a')).toMatchObject({ waiting: EVENTS - 2, handled: 0 });
  expect(handled).toEqual([]);

  const runs = await runsOn(lanes.client, lanes.taskQueue);
  const ofLane = runs.filter(({ type }) => type === 'lane');
  const largest = await largestStart(lanes.client, ofLane);
  printFigures('A million events behind a blocked head', {
    'taken in': seconds(heldAt - startedAt),
    segments: segments?.count ?? 0,
    'pause or resume, nothing behind the head': milliseconds(alone),
    'pause or resume, a million behind it': milliseconds(behind),
    'skip, a million behind it': milliseconds(skip),
    'runs of the lane': ofLane.length,
    'largest history of a run of the lane': `${mib(peakOf(ofLane).bytes)}, ${peakOf(ofLane).events} events`,
    'largest input of a run of the lane': `${(largest / KIB).toFixed(0)} KiB`,
  });
  expect(largest).toBeLessThan(256 * KIB);
});
