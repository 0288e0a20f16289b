/**
 * Handlers that throw anything at all, on a real worker and server in both hostings, all at once: each such key is tried
 * again, blocks, is listed with a cause that can be read, and is released by `retry` when its handler works; no other key
 * notices.
 *
 *     KEYLANE_SEED=42 npx vitest run test/workflow/failures.property.test.ts    the values of a seed, which a failure prints
 */
import fc from 'fast-check';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockedLanes, type BlockedLane } from '../../operations/lanes/blocked-lanes.ts';
import { decide } from '../../operations/decisions/decide.ts';
import { renderBlocked } from '../../cli/render/blocked.ts';
import { styleFor } from '../../cli/render/style.ts';
import type { HandlerEvent } from '../../contracts/public/record.ts';
import { anythingThrown, RESERVED_NAMES, type ThrownValue } from '../support/anything-thrown.ts';
import { eventually } from '../support/eventually.ts';
import { expectWellFormed } from '../support/expect-well-formed.ts';
import { hostings } from '../support/hostings.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';
import { Ledger } from '../support/ledger.ts';

const SEED = Number(process.env['KEYLANE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const MAX_ATTEMPTS = 2;

const reserved = RESERVED_NAMES.map((name) => {
  return { name: `named ${name}`, value: Object.assign(new Error(`calls itself ${name}`), { name }) };
});
const lists = Array.from({ length: 20 }, (_, index) => {
  return { name: 'a list', value: Object.assign(new Error('x'), { message: [`field ${index} is missing`, 'b'] }) };
});
const thrown: readonly ThrownValue[] = [
  ...lists,
  ...reserved,
  { name: 'half a character', value: new Error('bad \ud83d') },
  { name: 'a name that is a list', value: Object.assign(new Error('x'), { name: ['a'] }) },
  ...fc.sample(anythingThrown, { seed: SEED, numRuns: 30 }),
];

describe.each(hostings)('%s hosting', (hosting) => {
  let lanes: LaneHarness;
  const ledger = new Ledger();
  const calls = new Map<string, number>();
  const failing = new Map(thrown.map((each, index) => [`failing-${index}`, each]));
  const healthy = thrown.flatMap((_, index) => [`healthy-${index}-a`, `healthy-${index}-b`]);
  const isDone = (key: string) => ledger.of(key).length === 2;
  let isRepaired = false;

  beforeAll(async () => {
    lanes = await LaneHarness.start({
      handler: (event) => handle(event),
      handling: { retry: { maxAttempts: MAX_ATTEMPTS, initialIntervalMs: 100, backoff: 1, maxIntervalMs: 100 } },
    });
  });
  afterAll(() => lanes.stop());

  /** Before its first await, after it, or by a promise that is none. */
  function handle({ key, ...event }: HandlerEvent): Promise<void> | void {
    const count = (calls.get(key) ?? 0) + 1;
    calls.set(key, count);
    const bad = isRepaired ? undefined : failing.get(key);
    if (bad === undefined) return ledger.note(key, event.position.sequenceNumber);
    if (count % 3 === 0) throw bad.value;
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    if (count % 3 === 1) return Promise.reject(bad.value);
    return delay(1).then(() => {
      throw bad.value;
    });
  }

  async function send(): Promise<void> {
    // Each between two healthy ones, so that nothing looks like an outage.
    const all = [...failing.keys()].flatMap((key, index) => [`healthy-${index}-a`, key, `healthy-${index}-b`]);
    const events = [1, 2].flatMap((n) => all.map((key, index) => ({ key, ...laneEvent(index * 2 + n, `shard-${n}`) })));
    if (hosting === 'pooled') await lanes.pool(events);
    else
      await Promise.all(
        all.map((key) =>
          lanes.send(
            key,
            events.filter((event) => event.key === key),
          ),
        ),
      );
  }

  test('O3 O5 whatever a handler throws stops its own key, says why, and `retry` releases it (fault A1 A2 A3 A4 A5)', async () => {
    const { client, pipeline } = lanes;
    await send();
    await eventually(() => healthy.every((key) => isDone(key)), 60_000);
    const keys = [...failing.keys()].toSorted();
    const blocked = await eventually(async () => {
      const listed = await blockedLanes(client, { pipeline });
      expect(listed.lanes.map(({ key }) => key).toSorted(), `KEYLANE_SEED=${SEED}`).toEqual(keys);
      return listed;
    }, 60_000);
    for (const lane of blocked.lanes) expectReadable(lane, failing.get(lane.key)!);
    const context = {
      nameOf: ({ key }: BlockedLane) => key,
      now: Date.now(),
      style: styleFor({ isTTY: false } as never, {}),
    };
    expect(renderBlocked(blocked, context)).toContain('field 0 is missing, b');
    isRepaired = true;
    await Promise.all(keys.map((key) => decide(client, { pipeline, key, verb: 'retry', args: {} })));
    await eventually(() => keys.every((key) => isDone(key)), 60_000);
    for (const key of keys) expect(ledger.of(key), key).toHaveLength(2);
  }, 180_000);

  test('a refusal quotes what was sent well-formed and within a bound (fault A3)', async () => {
    await lanes.send('quoted', [laneEvent(1, 'shard-9')]);
    const position = `bad \ud83d ${'x'.repeat(100_000)}`;
    const refused = await lanes.decide('quoted', 'skip', { position }).catch((error: Error) => error.cause as Error);
    const { message } = refused as Error;
    expect(message).toContain('"bad \ufffd xxx');
    expect(message.length).toBeLessThanOrEqual(2000);
    await lanes.send('quoted', [laneEvent(2, 'shard-9')]);
    await eventually(() => isDone('quoted'));
  });

  function expectReadable({ attempts, cause, failure, key }: BlockedLane, { name, value }: ThrownValue): void {
    const what = `${key}, which throws ${name}; KEYLANE_SEED=${SEED}`;
    expectWellFormed(failure!, what);
    expect(cause, what).toBe(cause?.toWellFormed());
    // One that no retry helps has one attempt, every other one those of the settings.
    expect(attempts, what).toBe(failure?.nonRetryable === true ? 1 : MAX_ATTEMPTS);
    expect(calls.get(key), what).toBe(attempts);
    if (name.startsWith('named ')) {
      expect(failure?.message, what).toBe((value as Error).message);
      expect(`Handler.${(value as Error).name}`, what).toContain(failure?.type);
    }
  }
});
