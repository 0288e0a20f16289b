/** Records too large for Temporal, in a reader with everything around it in memory. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClaimWriter } from '../../../../bridge/read/claim-writer.ts';
import { encodedSize } from '../../../../bridge/deliver/encoded-size.ts';
import { createRecordRouter, type LargeData } from '../../../../bridge/read/route-record.ts';
import { OutageLog } from '../../../../bridge/deliver/outage-log.ts';
import type { Claim, LaneEvent } from '../../../../contracts/event/event.ts';
import type { SourceRecord } from '../../../../sources/source.ts';
import { claimOf } from '../../../../stores/claims.ts';
import { StoreUnavailableError } from '../../../../stores/errors.ts';
import { log } from '../../../support/log.ts';
import type { Arrival } from '../deliver/model-lanes.ts';
import { setUp } from './reader-setup.ts';
import { record } from './scripted-source.ts';
import { VirtualClock } from '../virtual-clock.ts';

const LARGE: LargeData = { above: 100, claimOf: (...of) => claimOf('orders', ...of) };
const outage = new OutageLog(log, 'the store');

const sized = (n: number, key: string, bytes: number): SourceRecord => {
  return { ...record('s', n, key), data: Buffer.alloc(bytes, `${n} `) };
};

/** A store in memory; `before` is asked before each write. */
class ModelClaims {
  readonly held = new Map<string, Uint8Array>();
  readonly #before: (claim: Claim) => Promise<void>;
  writing = 0;
  max = 0;

  constructor(before: (claim: Claim) => Promise<void> = async () => {}) {
    this.#before = before;
  }

  async write(claim: Claim, bytes: Uint8Array): Promise<void> {
    this.writing += 1;
    this.max = Math.max(this.max, this.writing);
    try {
      await this.#before(claim);
      this.held.set(claim.name, bytes);
    } finally {
      this.writing -= 1;
    }
  }

  /** Whether all data that the events of a request claim is there. */
  has({ request }: Arrival): boolean {
    const events: readonly Pick<LaneEvent, 'data'>[] = request.to === 'quarantine' ? request.records : request.events;
    return events.every(({ data }) => {
      if (!('claim' in data)) return true;
      const bytes = this.held.get(data.claim.name);
      return bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === data.claim.sha256;
    });
  }
}

const unavailable = () => new StoreUnavailableError('memory', 'no answer');
function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Which is not to be had without asking for it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const never = () => new Promise<never>(() => {});

/** A reader of these records, with a store. */
function reading(given: readonly SourceRecord[], claims: ModelClaims, deliver?: (arrival: Arrival) => Promise<void>) {
  return setUp({
    script: { s: { records: given, ends: true } },
    routeRecord: createRecordRouter('kinesis', undefined, undefined, LARGE),
    store: { claims, outage },
    ...(deliver === undefined ? {} : { deliver }),
  });
}

describe('the intake', () => {
  const taken = (data: Uint8Array, large = LARGE) =>
    createRecordRouter('kinesis', undefined, undefined, large)({ ...record('s', 1, 'a'), data })!;
  const dataOf = (data: Uint8Array, large = LARGE) => {
    const delivery = taken(data, large);
    return delivery.to === 'lane' ? delivery.event.data : undefined;
  };

  test('O9 the bound is what data takes in Temporal, whatever it is made of', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 150 }), fc.string({ unit: 'binary', maxLength: 150 })),
        (given) => {
          const bytes = Buffer.from(given as string);
          const data = dataOf(bytes)!;
          const inline = dataOf(bytes, { above: Infinity })!;
          const form = 'json' in inline ? bytes.toString() : JSON.stringify(Object.values(inline)[0]);
          const takes = 'base64' in inline ? inline.base64.length : Buffer.byteLength(form);
          expect('claim' in data).toBe(takes > 100);
        },
      ),
    );
  });

  test('O6 a record that is read again claims the same', () => {
    expect(dataOf(Buffer.alloc(200))).toEqual(dataOf(Buffer.alloc(200)));
  });

  test('O8 large data of a record without a key is stored too', () => {
    const thrower = () => {
      throw new Error('no key');
    };
    const delivery = createRecordRouter('kinesis', thrower, undefined, LARGE)(sized(1, 'a', 500))!;
    expect(delivery).toMatchObject({ to: 'quarantine', record: { size: 500, data: { claim: { preview: /^1 1/ } } } });
    expect(delivery.toStore?.bytes).toHaveLength(500);
  });

  test('a key function that writes into the data does not change what is stored', () => {
    const routeRecord = createRecordRouter('kinesis', (seen) => (seen.data.fill(0), 'a'), undefined, LARGE);
    expect(Buffer.from(routeRecord(sized(1, 'a', 500))!.toStore!.bytes).toString('utf8', 0, 4)).toBe('1 1 ');
  });

  test('without a store the data is left where it is, and only its beginning goes on', () => {
    const delivery = taken(Buffer.alloc(5000, 'a'), { above: 100 });
    expect(delivery).toMatchObject({ event: { size: 5000, data: { sourceOnly: { preview: 'a'.repeat(384) } } } });
    expect(delivery.toStore).toBeUndefined();
    expect(encodedSize(delivery)).toBeLessThan(1000);
  });
});

describe('a reader', () => {
  test('O1 O4 hands an event over when its data is stored, and what came after it not before', async () => {
    const stored = gate();
    const claims = new ModelClaims(() => stored.opened);
    const given = [sized(1, 'a', 10), sized(2, 'a', 500), sized(3, 'a', 10), sized(4, 'b', 10)];
    const { clock, reader, lanes, reports } = reading(given, claims);
    const run = reader.run();
    await clock.advance(3000);
    // O3: the other lane does not wait.
    expect(lanes.held).toEqual(
      new Map([
        ['a', ['s:1']],
        ['b', ['s:4']],
      ]),
    );
    expect(reports.at(-1)?.shards['s']).toMatchObject({ checkpoint: { sequenceNumber: '1' }, finished: false });
    stored.open();
    const home = await clock.until(run);
    expect(lanes.held.get('a')).toEqual(['s:1', 's:2', 's:3']);
    expect(home.shards['s']).toMatchObject({ checkpoint: { sequenceNumber: '4' }, finished: true });
  });

  test('O3 O9 a store that hangs holds up nothing but what needs it, however much that is', async () => {
    const claims = new ModelClaims(never);
    const large = Array.from({ length: 40 }, (_, n) => sized(n + 1, `large-${n}`, 500));
    const small = Array.from({ length: 40 }, (_, n) => sized(n + 41, `small-${n}`, 10));
    const { clock, reader, lanes, home } = reading([...large, ...small], claims);
    const run = reader.run();
    await clock.advance(1000);
    expect([...lanes.held.keys()]).toEqual(small.map(({ partitionKey }) => partitionKey));
    expect(claims.max).toBe(8);
    // Nothing that was not handed over counts as taken over (O4).
    expect(reader.report.shards['s']).toMatchObject({ finished: false });
    expect(reader.report.shards['s']?.checkpoint).toBeUndefined();
    home.abort();
    // It does not wait for ever on the way home: what the store does not take is sent without its data.
    expect((await clock.until(run)).shards['s']).toMatchObject({ finished: true, taken: 80 });
    expect(lanes.held.size).toBe(80);
  });

  test('O9 what waits for the store counts with all its bytes, and no longer when it is stored', async () => {
    const first = gate();
    const claims = new ModelClaims(() => first.opened);
    const given = Array.from({ length: 30 }, (_, n) => sized(n + 1, `k${n}`, 100_000));
    // Temporal takes nothing.
    const { clock, reader, lanes } = reading(given, claims, never);
    void reader.run().catch(() => {});
    await clock.advance(1000);
    // Of a million bytes.
    expect(claims.writing).toBe(8);
    expect(reader.highWater).toMatchObject({ records: 9 });
    first.open();
    await clock.advance(1000);
    expect(reader.highWater.records).toBe(30);
    expect(reader.highWater.bytes).toBeLessThan(1_000_000);
    expect(lanes.requests.length).toBeGreaterThan(0);
  });

  test('O9 what is stored and waits for its lane is held by nobody', async () => {
    const seen: WeakRef<Uint8Array>[] = [];
    const claims = { write: async (_claim: Claim, bytes: Uint8Array) => void seen.push(new WeakRef(bytes)) };
    const given = Array.from({ length: 20 }, (_, n) => sized(n + 1, `k${n}`, 1000));
    const { clock, reader, lanes } = setUp({
      script: { s: { records: given, ends: true } },
      routeRecord: createRecordRouter('kinesis', undefined, undefined, LARGE),
      store: { claims, outage },
      // Temporal takes nothing.
      deliver: never,
    });
    const run = reader.run();
    run.catch(() => {});
    await clock.advance(1000);
    expect([seen.length, lanes.requests.length]).toEqual([20, 8]);
    collectGarbage();
    expect(seen.filter((each) => each.deref() !== undefined)).toEqual([]);
    expect(reader.report.shards['s']).toMatchObject({ taken: 0 });
  });

  test('O1 O4 O6 whatever fails: in order, each once, and never before its data is there', async () => {
    const arbitrary = fc.record({
      sizes: fc.array(fc.constantFrom(10, 200, 500), { minLength: 1, maxLength: 30 }),
      keys: fc.integer({ min: 1, max: 4 }),
      stores: fc.infiniteStream(fc.boolean()),
      sends: fc.infiniteStream(fc.constantFrom('ok', 'refused', 'lost answer')),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ sizes, keys, stores, sends }) => {
        const claims = new ModelClaims(async () => {
          if (stores.next().value) throw unavailable();
        });
        const early: Arrival[] = [];
        const given = sizes.map((size, n) => sized(n + 1, `k${n % keys}`, size));
        const { clock, reader, lanes } = reading(given, claims, async (arrival) => {
          if (!claims.has(arrival)) early.push(arrival);
          const what = sends.next().value;
          if (what !== 'refused') arrival.apply();
          if (what !== 'ok') throw new Error(what);
        });
        const home = await clock.until(reader.run());
        expect(early).toEqual([]);
        for (const [key, held] of lanes.held) {
          const of = given.filter(({ partitionKey }) => partitionKey === key);
          expect(held).toEqual(of.map(({ position }) => `s:${position.sequenceNumber}`));
        }
        expect(home.shards['s']).toMatchObject({ finished: true, taken: given.length });
      }),
      { numRuns: 50 },
    );
  });
});

test('O9 a write is repeated until it succeeds, told once, and never after the stop', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  let failures = 5;
  const tries: string[] = [];
  const claims = new ModelClaims(async ({ name }) => {
    tries.push(name);
    failures -= 1;
    if (failures > 0) throw unavailable();
  });
  const lines: string[] = [];
  const told = new OutageLog(
    { warn: (_: object, text: string) => lines.push(text), info: (text: string) => lines.push(text) } as never,
    'the store',
  );
  const writer = new ClaimWriter({ claims, outage: told, clock, random: () => 1, stop: stop.signal });
  const claim = { name: 'a', sha256: '', preview: '' };
  await clock.until(writer.write(claim, Buffer.from('a')));
  expect(tries).toHaveLength(5);
  expect(lines).toEqual(['Cannot reach the store, retrying', 'Reached the store again']);

  failures = Infinity;
  const state = { settled: false };
  void writer.write(claim, Buffer.from('a')).finally(() => (state.settled = true));
  await clock.advance(1000);
  stop.abort();
  const before = tries.length;
  await clock.advance(60_000);
  expect([tries.length, state.settled]).toEqual([before, false]);
});
