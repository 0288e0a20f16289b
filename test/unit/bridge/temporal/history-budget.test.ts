/** Histories of lanes that nobody works off, against a server that only lets them grow. */
import * as fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { DeliveryRejectedError } from '../../../../bridge/deliver/gateway.ts';
import { HistoryBudget, type LaneHistory } from '../../../../bridge/temporal/history-budget.ts';
import { DEFAULT_HISTORY_LIMITS } from '../../../../contracts/pipeline/history-limits.ts';
import { VirtualClock } from '../virtual-clock.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const LARGEST_REQUEST = 512 * KIB;

/** A server without workers: whatever is sent stays in the history of its lane. */
class SleepingLanes {
  readonly histories = new Map<string, LaneHistory>();
  readonly questions: string[] = [];

  grow(id: string, events: number, bytes: number): void {
    const before = this.of(id);
    this.histories.set(id, { events: before.events + events, bytes: before.bytes + bytes, isStalled: true });
  }

  of(id: string): LaneHistory {
    return this.histories.get(id) ?? { events: 2, bytes: 2000, isStalled: true };
  }

  request(id: string, bytes: number) {
    return {
      id,
      name: `key "${id}"`,
      bytes,
      describeHistory: async () => {
        this.questions.push(id);
        return this.histories.has(id) ? this.of(id) : undefined;
      },
    };
  }

  /** @returns how it was refused */
  async send(budget: HistoryBudget, id: string, bytes: number): Promise<DeliveryRejectedError | undefined> {
    try {
      await budget.admit(this.request(id, bytes));
    } catch (error) {
      if (error instanceof DeliveryRejectedError) return error;
      throw error;
    }
    this.grow(id, 1, bytes);
    budget.accepted(id);
    return undefined;
  }
}

function open(random = () => 1, limits = DEFAULT_HISTORY_LIMITS) {
  const clock = new VirtualClock();
  const lines: { readonly level: number; readonly msg: string }[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const another = () => new HistoryBudget({ limits, log, clock, random });
  return { clock, lines, budget: another(), another, lanes: new SleepingLanes() };
}

/** A source of chance that a test repeats. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('O9: of a lane that gets little nobody asks', async () => {
  const { lanes, budget } = open();
  for (let n = 0; n < 15; n += 1) await lanes.send(budget, 'a', KIB);
  expect(lanes.questions).toEqual([]);
  await lanes.send(budget, 'a', KIB);
  expect(lanes.questions).toEqual(['a']);
});

test('O9: what tells when its run ends is asked more and more often until then, and before each signal from there on', async () => {
  const { lanes, budget } = open();
  const bytes = 16 * KIB;
  const askedAt: number[] = [];
  for (let sent = 0; sent < 6 * MIB; sent += bytes) {
    const before = lanes.questions.length;
    await budget.admit({ ...lanes.request('a', bytes), endsAt: { events: 10_000, bytes: 4 * MIB } });
    lanes.grow('a', 1, bytes);
    if (lanes.questions.length > before) askedAt.push(sent);
  }
  const between = askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0));
  expect(between).toEqual(between.toSorted((a, b) => b - a));
  expect(between[0]).toBeGreaterThan(256 * KIB);
  expect(askedAt.filter((at) => at >= 4 * MIB)).toHaveLength((2 * MIB) / bytes);
});

test.each([
  ['many small signals', 1 * KIB],
  ['large ones', 64 * KIB],
  ['the largest', LARGEST_REQUEST],
])('O9: a lane is full long before the server ends its run, for few questions: %s', async (_what, bytes) => {
  const { lanes, budget } = open();
  let sent = 0;
  while ((await lanes.send(budget, 'a', bytes)) === undefined) sent += 1;
  const { stalled } = DEFAULT_HISTORY_LIMITS;
  const history = lanes.of('a');
  expect(Math.max(history.bytes / stalled.bytes, history.events / stalled.events)).toBeGreaterThanOrEqual(1);
  expect(history.bytes).toBeLessThan(stalled.bytes + 2 * LARGEST_REQUEST);
  expect(history.events).toBeLessThan(stalled.events + 20);
  expect(lanes.questions.length).toBeLessThan(Math.min(100, sent + 2));
});

test('O9: a lane that is worked off has more room, and is asked about seldom', async () => {
  const { lanes, budget } = open();
  for (let n = 0; n < 20_000; n += 1) {
    await budget.admit({
      ...lanes.request('a', 2 * KIB),
      describeHistory: async () => {
        lanes.questions.push('a');
        return { events: 7000, bytes: MIB, isStalled: false };
      },
    });
  }
  expect(lanes.questions.length).toBeLessThan(100);
});

test('O9: a full lane is asked again, less and less often, and gets everything as soon as it has room', async () => {
  const { lanes, budget } = open();
  lanes.grow('a', 6000, MIB);
  const waits: number[] = [];
  for (let n = 0; n < 6; n += 1) waits.push((await lanes.send(budget, 'a', LARGEST_REQUEST))?.retryAfterMs ?? -1);
  expect(waits).toEqual([250, 500, 1000, 2000, 2000, 2000]);
  expect(budget.full).toBe(1);
  lanes.histories.set('a', { events: 3, bytes: 2000, isStalled: false });
  expect(await lanes.send(budget, 'a', LARGEST_REQUEST)).toBeUndefined();
  expect(budget.full).toBe(0);
});

test('O9: a pool that holds enough is asked again after a quarter of the time for which it has, and anew when it takes more', async () => {
  const { clock, budget } = open();
  let isFull = true;
  const request = {
    id: 'pool',
    name: 'pool 0',
    bytes: LARGEST_REQUEST,
    endsAt: { events: 3500, bytes: MIB },
    describeHistory: async () => ({ events: 3600, bytes: MIB, isStalled: false, isFull }),
  };
  const send = async () => {
    try {
      await budget.admit(request);
    } catch (error) {
      return (error as DeliveryRejectedError).retryAfterMs;
    }
    budget.accepted('pool');
    return 0;
  };
  const waits: number[] = [];
  for (let passed = 0; passed < 20_000; passed += waits.at(-1)!) {
    waits.push(await send());
    await clock.advance(waits.at(-1)!);
  }
  expect(waits.slice(0, 5)).toEqual([50, 50, 50, 50, 50]);
  expect(waits.length).toBeLessThan(40);
  expect(waits.at(-1)).toBe(2000);
  isFull = false;
  expect(await send()).toBe(0);
  isFull = true;
  expect(await send()).toBe(50);
  expect(budget.full).toBe(0);
});

test('O9: a pool that holds enough and is not worked off is full as any lane, and told', async () => {
  const { lines, budget } = open();
  const describeHistory = async () => ({ events: 100, bytes: KIB, isStalled: true, isFull: true });
  const request = { id: 'pool', name: 'pool 0', bytes: KIB, endsAt: { events: 3500, bytes: MIB }, describeHistory };
  budget.noSignalsLeft(request);
  await expect(budget.admit(request)).rejects.toMatchObject({ retryAfterMs: 500 });
  expect(budget.full).toBe(1);
  expect(lines).toMatchObject([{ level: 40, lane: 'pool' }]);
});

test('O9: many full lanes ask no more than about a hundred times a second', async () => {
  const { lanes, budget } = open();
  for (let n = 0; n < 1000; n += 1) lanes.grow(`${n}`, 6000, MIB);
  let last = 0;
  for (let round = 0; round < 8; round += 1) {
    for (let n = 0; n < 1000; n += 1) {
      last = (await lanes.send(budget, `${n}`, LARGEST_REQUEST))?.retryAfterMs ?? 0;
    }
  }
  expect(last).toBe(10_000);
});

test('O9: a lane whose run has no signals left is full until it has accepted something', async () => {
  const { lanes, lines, budget } = open();
  expect(budget.noSignalsLeft({ id: 'a', name: 'key "a"' })).toMatchObject({ retryAfterMs: 250 });
  // Its history does not tell: the limit may be set to less.
  await budget.admit(lanes.request('a', KIB));
  expect(budget.noSignalsLeft({ id: 'a', name: 'key "a"' })).toMatchObject({ retryAfterMs: 500 });
  expect(lines).toHaveLength(1);
  await lanes.send(budget, 'a', KIB);
  expect(budget.full).toBe(0);
});

describe('what is told', () => {
  test('O9: a full lane once, with its size and what to do; and when none is full any more', async () => {
    const { lanes, lines, budget } = open();
    lanes.grow('a', 6000, MIB);
    for (let n = 0; n < 3; n += 1) await lanes.send(budget, 'a', LARGEST_REQUEST);
    expect(lines).toMatchObject([{ level: 40, lane: 'a' }]);
    expect(lines[0]?.msg).toMatch(
      /^History budget of key "a" reached: its history has 6002 events and 1050576 bytes\. No worker .* `keylane worker` running\?/,
    );
    lanes.histories.delete('a');
    await lanes.send(budget, 'a', LARGEST_REQUEST);
    expect(lines.map(({ msg }) => msg).slice(1)).toEqual(['All lanes accept events again']);
  });

  test('a lane whose worker does not keep up gets another remedy', async () => {
    const { lanes, lines, budget } = open();
    lanes.histories.set('a', { events: 30_000, bytes: MIB, isStalled: false });
    await lanes.send(budget, 'a', LARGEST_REQUEST);
    expect(lines[0]?.msg).toContain('Its worker does not keep up');
  });

  test('of many full lanes some, and a long key not whole', async () => {
    const { lanes, lines, budget } = open();
    for (let n = 0; n < 100; n += 1) {
      lanes.grow(`${n}`, 6000, MIB);
      await lanes.send(budget, `${n}`, LARGEST_REQUEST);
    }
    expect(lines).toHaveLength(20);
    expect(lines.at(-1)?.msg).toMatch(/Further ones are not logged$/);
    const long = budget.noSignalsLeft({ id: 'long', name: 'x'.repeat(30_000) });
    expect(long.message.length).toBeLessThan(600);
  });

  test('a full lane that this process no longer tries is not counted', async () => {
    const { clock, lanes, budget } = open();
    lanes.grow('a', 6000, MIB);
    await lanes.send(budget, 'a', LARGEST_REQUEST);
    await clock.advance(10_000);
    expect(budget.full).toBe(1);
    await clock.advance(1000);
    expect(budget.full).toBe(0);
  });
});

test('O9: a lane that is full gets hardly anything more, whatever is sent, however often bridges start', async () => {
  const size = fc.oneof(fc.integer({ min: 400, max: 4 * KIB }), fc.integer({ min: 400, max: LARGEST_REQUEST }));
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(size, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(1, 3, 10, 1000),
      async (seed, sizes, lifetime) => {
        const random = chance(seed);
        const { another, lanes } = open(random);
        const processes = [another(), another(), another()];
        let refusals = 0;
        let starts = 0;
        for (let n = 0; refusals < 100; n += 1) {
          const which = Math.floor(random() * processes.length);
          if (random() * lifetime < 1) {
            processes[which] = another();
            if (refusals > 0) starts += 1;
          }
          const refused = await lanes.send(processes[which]!, 'a', sizes[n % sizes.length]!);
          if (refused !== undefined) refusals += 1;
        }
        const { stalled } = DEFAULT_HISTORY_LIMITS;
        expect(lanes.of('a').bytes).toBeLessThan(stalled.bytes * 1.25 + starts * 32 * KIB);
        expect(lanes.of('a').events).toBeLessThan(stalled.events * 1.25 + starts * 16);
      },
    ),
    { numRuns: 100 },
  );
});

test('O9: lanes that are forgotten each time before they come again are asked about in time all the same', async () => {
  const random = chance(7);
  const { clock, lanes } = open();
  const log = pino({ level: 'silent' });
  const budget = new HistoryBudget({ limits: DEFAULT_HISTORY_LIMITS, log, clock, random, remembered: 10 });
  for (let round = 0; round < 3000; round += 1) {
    for (let n = 0; n < 11; n += 1) await lanes.send(budget, `${n}`, 8 * KIB);
  }
  for (const { bytes } of lanes.histories.values())
    expect(bytes).toBeLessThan(DEFAULT_HISTORY_LIMITS.stalled.bytes * 1.05);
});
