/**
 * Pools in which most keys fail, on the real dev server: because every record of a producer is bad, because a dependency is down,
 * and what lies between the two.
 */
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Decision } from '../../contracts/lane/decision.ts';
import type { HandlerEvent } from '../../contracts/public/record.ts';
import { QUERIES } from '../../contracts/names.ts';
import type { DecideArgs } from '../../contracts/pool/messages.ts';
import type { PoolEvent } from '../../contracts/pool/state.ts';
import type { PoolKeyView, PoolMemo } from '../../contracts/pool/view.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const RETRY = { maxAttempts: 3, initialIntervalMs: 20, backoff: 1, maxIntervalMs: 50 };
/** With a lane for each of thousands of keys, attempts in these lanes cost most of the time. */
const FEW_RETRIES = { ...RETRY, maxAttempts: 2 };
/** Long enough for the heartbeats of a busy process: an attempt that counts as lost is made again (O7). */
const HEARTBEAT_MS = 5000;
const PER_SIGNAL = 500;
/** Of the blocked keys, those that a test releases. */
const RELEASED = 100;

let lanes: LaneHarness;
let ledger: Ledger;
let calls: Map<string, number>;
/** Whether an event fails. */
let fails: (key: string, n: number) => boolean;
let position: number;
let heartbeatTimeoutMs: number;

afterEach(() => lanes.stop());

async function start(retry = RETRY, heartbeat = HEARTBEAT_MS): Promise<void> {
  heartbeatTimeoutMs = heartbeat;
  ledger = new Ledger();
  calls = new Map();
  fails = () => false;
  position = 0;
  lanes = await LaneHarness.start({
    handler: (event: HandlerEvent) => {
      const { n } = event.json() as { readonly n: number };
      const id = `${event.key}:${n}`;
      calls.set(id, 1 + (calls.get(id) ?? 0));
      if (fails(event.key, n)) throw new Error(`order ${n} of ${event.key} cannot be read`);
      ledger.note(event.key, n);
    },
    handling: { retry },
    lane: { heartbeatTimeoutMs },
  });
}

const keysTo = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}`);

/** The nth event of each key. */
async function send(keys: readonly string[], n: number, maxHoldMs: number): Promise<void> {
  for (let from = 0; from < keys.length; from += PER_SIGNAL) {
    const events = keys.slice(from, from + PER_SIGNAL).map((key): PoolEvent => {
      position += 1;
      return Object.assign({ key }, laneEvent(position, undefined, { n }));
    });
    await lanes.pool(events, { maxHoldMs, heartbeatTimeoutMs });
  }
}

const isDone = (keys: readonly string[], n: number) => keys.every((key) => ledger.of(key).includes(n));

async function lanesThatAre(status: string): Promise<number> {
  const query = `KeylanePipeline = "${lanes.pipeline}" AND WorkflowType = "lane" AND KeylaneStatus = "${status}"`;
  return (await lanes.client.workflow.count(`${query} AND ExecutionStatus = "Running"`)).count;
}

const decide = (key: string, args: Omit<DecideArgs, 'key'>) =>
  lanes.poolHandle.executeUpdate<Decision, [DecideArgs]>('decide', { args: [{ key, by: 'ann', ...args }] });

const viewOf = (key: string) => lanes.poolHandle.query<PoolKeyView, [string]>(QUERIES.key, key);

const readMemo = (payload: Payload): unknown => defaultPayloadConverter.fromPayload(payload);

/** When the pool began to hold its keys, and why it ended, from what it has written into its memo. */
async function holds(): Promise<string[]> {
  const { events } = await lanes.poolHandle.fetchHistory();
  return (events ?? []).flatMap(({ workflowPropertiesModifiedEventAttributes: written }) => {
    const { outage, release } = written?.upsertedMemo?.fields ?? {};
    if (outage == null || release == null) return [];
    if (readMemo(outage) != null) return ['holds'];
    return [(readMemo(release) as PoolMemo['release'] | null)?.why ?? 'handlers work again'];
  });
}

/** How many lanes were beginning at a time. */
function mostStarting(events: readonly temporal.api.history.v1.IHistoryEvent[]): number {
  let [beginning, max] = [0, 0];
  for (const event of events) {
    if (event.startChildWorkflowExecutionInitiatedEventAttributes) beginning += 1;
    if (event.childWorkflowExecutionStartedEventAttributes) beginning -= 1;
    max = Math.max(max, beginning);
  }
  return max;
}

describe('3,000 keys', { timeout: 180_000 }, () => {
  /** Handlers fail for all keys, and go on failing when the pool may not hold them any more: until some are blocked. */
  async function untilSomeAreBlocked(keys: readonly string[], n: number): Promise<void> {
    await send(keys, n, 1500);
    await eventually(async () => (await lanes.poolView()).outage !== undefined);
    await eventually(async () => (await lanes.poolView()).release?.why === 'bound', 20_000);
    await eventually(async () => (await lanesThatAre('blocked')) >= 50, 60_000);
    const { moved, waiting } = await lanes.poolView();
    expect(moved + waiting).toBe(keys.length);
  }

  /** Those that were not blocked yet go on by themselves. */
  async function untilOthersAreDone(keys: readonly string[], n: number): Promise<readonly string[]> {
    await eventually(async () => {
      const { moved, waiting } = await lanes.poolView();
      return waiting === 0 && (await lanesThatAre('blocked')) === moved;
    }, 100_000);
    const blocked = keys.filter((key) => !ledger.of(key).includes(n));
    expect((await lanes.poolView()).moved).toBe(blocked.length);
    return blocked.slice(0, RELEASED);
  }

  test('O3 O5 O11 whose records are all bad: each is blocked after its attempts, and others go on (fault B8)', async () => {
    await start(FEW_RETRIES);
    const keys = keysTo(3000);
    await send(keys, 1, 1500);
    await eventually(() => isDone(keys, 1), 60_000);
    fails = (_key, n) => n === 2;
    await untilSomeAreBlocked(keys, 2);
    // A good record of another key passes by all of them.
    await send(['another'], 1, 1500);
    await eventually(() => isDone(['another'], 1), 10_000);
    expect(Math.max(...calls.values())).toBeLessThanOrEqual(FEW_RETRIES.maxAttempts);
    const { events } = await lanes.poolHandle.fetchHistory();
    expect(mostStarting(events ?? [])).toBeLessThanOrEqual(50);
    // The handler is taught to read them.
    fails = () => false;
    const blocked = await untilOthersAreDone(keys, 2);
    await send(blocked, 3, 1500);
    await mapBounded(blocked, 20, async (key) => {
      expect(await lanes.decide(key, 'skip')).toMatchObject({ outcome: 'done', stateBefore: 'blocked' });
    });
    await eventually(() => isDone(blocked, 3), 60_000);
    for (const key of blocked) expect(ledger.of(key)).toEqual([1, 3]);
  });

  test('O1 O4 O5 whose dependency is down for longer than they may be held: retry releases those that are blocked (fault B8)', async () => {
    await start(FEW_RETRIES);
    const keys = keysTo(3000);
    let isDown = true;
    fails = () => isDown;
    await untilSomeAreBlocked(keys, 1);
    isDown = false;
    const blocked = await untilOthersAreDone(keys, 1);
    await send(blocked, 2, 1500);
    await mapBounded(blocked, 20, async (key) => await lanes.decide(key, 'retry'));
    await eventually(() => isDone(blocked, 2), 60_000);
    for (const key of blocked) expect(ledger.of(key), key).toEqual(upTo(2));
    for (const key of blocked) await eventually(async () => (await lanes.whereIs(key)) === 'pool', 30_000);
  });
});

describe('between a dependency that is down and bad records', { timeout: 60_000 }, () => {
  test.each([
    [45, false],
    [60, true],
    [75, true],
  ])(
    'O3 of 400 keys %i percent are bad: the others do not wait for the end of a hold (fault B8)',
    async (percent, mustHold) => {
      await start();
      const keys = keysTo(400);
      const isBad = (key: string) => (Number(key.slice(4)) * 37) % 100 < percent;
      const healthy = keys.filter((key) => !isBad(key));
      fails = (key) => isBad(key);
      for (const n of [1, 2, 3]) await send(keys, n, 600_000);
      await eventually(() => isDone(healthy, 3), 15_000);
      await eventually(async () => (await lanesThatAre('blocked')) === keys.length - healthy.length, 40_000);
      await send(healthy, 4, 600_000);
      await eventually(() => isDone(healthy, 4), 15_000);
      for (const key of healthy) expect(ledger.of(key)).toEqual(upTo(4));
      // Each hold ends by what its probes have shown: by chance most of a small probe can succeed, even of these keys.
      const course = await holds();
      expect(course.includes('holds')).toBe(mustHold);
      expect(course.filter((step) => step !== 'holds').length).toBe(course.filter((step) => step === 'holds').length);
      expect(course).not.toContain('bound');
    },
  );

  test('O5 a dependency that comes and goes costs no key a lane for good, and no event its place (fault B8)', async () => {
    await start({ ...RETRY, maxAttempts: 100 });
    const keys = keysTo(200);
    let isDown = false;
    fails = () => isDown;
    for (let n = 1; n <= 6; n += 1) {
      isDown = n % 2 === 0;
      await send(keys, n, 600_000);
      await eventually(async () => isDown === ((await lanes.poolView()).outage !== undefined));
    }
    isDown = false;
    await eventually(() => isDone(keys, 6), 30_000);
    for (const key of keys) expect(ledger.of(key)).toEqual(upTo(6));
    await eventually(async () => (await lanes.poolView()).moved === 0, 30_000);
  });
});

describe('while keys are held', { timeout: 60_000 }, () => {
  async function startHeld(keys: readonly string[]): Promise<void> {
    await start({ maxAttempts: 50, initialIntervalMs: 100, backoff: 2, maxIntervalMs: 60_000 });
    let isDown = true;
    fails = () => isDown;
    await send(keys, 1, 600_000);
    await eventually(async () => (await lanes.poolView()).outage !== undefined);
    await eventually(async () => (await viewOf(keys[0]!)).where === 'pool' && 'failing' in (await viewOf(keys[0]!)));
    await send(keys, 2, 600_000);
    isDown = false;
    // From here on a test says what fails.
    fails = () => true;
  }

  test('O11 a key that fails says so, and a verb acts on it and is kept (fault B11)', async () => {
    const keys = keysTo(20);
    await startHeld(keys);
    const [first, second, third, fourth, fifth] = keys as [string, string, string, string, string];
    const failing = { position: 'shardId-000000000000:1', failure: { type: 'Error' } };
    expect(await viewOf(first)).toMatchObject({ where: 'pool', waiting: 2, failing });
    expect((await lanes.poolView()).failing).toMatchObject({ keys: 20, events: 40, leaving: 0 });

    fails = (key, n) => n === 1 && key !== third && key !== first;
    expect(await decide(first, { verb: 'retry' })).toMatchObject({
      verb: 'retry',
      outcome: 'done',
      stateBefore: 'retrying',
      position: failing.position,
    });
    await eventually(() => isDone([first], 2));
    expect(ledger.of(first)).toEqual([1, 2]);

    expect(await decide(second, { verb: 'skip', reason: 'a test' })).toMatchObject({ outcome: 'done', by: 'ann' });
    await eventually(() => isDone([second], 2));
    expect((await lanes.view(second)).decisions).toMatchObject([{ verb: 'skip', reason: 'a test', outcome: 'done' }]);

    expect(await decide(third, { verb: 'replace', data: { n: 7 } })).toMatchObject({
      outcome: 'done',
      stateAfter: 'idle',
    });
    await eventually(() => isDone([third], 2));
    expect(ledger.of(third)).toEqual([7, 2]);

    // What is reported is what was decided, on the state that there was.
    const paused = await decide(fourth, { verb: 'pause' });
    expect(paused).toMatchObject({ verb: 'pause', outcome: 'done', stateBefore: 'retrying', stateAfter: 'paused' });
    expect((await lanes.view(fourth)).decisions).toEqual([paused]);
    await expect(decide(fifth, { verb: 'resume' })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('not paused') },
    });
    await expect(decide('unknown', { verb: 'retry' })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('healthy') },
    });
  });

  test('O5 a pool that is terminated goes on holding, with the attempts that were made (fault B12)', async () => {
    const keys = keysTo(20);
    await startHeld(keys);
    await eventually(async () => ((await lanes.poolView()).outage?.tries ?? 0) > 2, 20_000);
    const before = await lanes.poolView();
    const attempts = (view: PoolKeyView) => ('failing' in view ? (view.failing?.attempts ?? 0) : 0);
    const madeBefore = await Promise.all(keys.map(async (key) => attempts(await viewOf(key))));
    await lanes.poolHandle.terminate('by mistake');
    await send(['another'], 1, 600_000);
    await eventually(async () => (await lanes.poolView()).recovering === undefined, 30_000);
    const after = await lanes.poolView();
    expect(after.outage?.since).toBe(before.outage?.since);
    expect(after.outage?.holdUntil).toBe(before.outage?.holdUntil);
    expect(after.outage?.tries).toBeGreaterThanOrEqual(before.outage?.tries ?? Infinity);
    const madeAfter = await Promise.all(keys.map(async (key) => attempts(await viewOf(key))));
    for (const [index, made] of madeBefore.entries()) expect(madeAfter[index]).toBeGreaterThanOrEqual(made);
    fails = () => false;
    await eventually(() => isDone(keys, 2), 60_000);
    for (const key of keys) expect(ledger.of(key)).toEqual(upTo(2));
  });
});
