/** A store that does not answer, and a server that refuses one record for its size: what other keys notice of it. */
import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecordRouter } from '../../../../bridge/read/route-record.ts';
import { RequestTooLargeError } from '../../../../bridge/deliver/gateway.ts';
import { OutageLog } from '../../../../bridge/deliver/outage-log.ts';
import type { Claim, LaneEvent } from '../../../../contracts/event/event.ts';
import type { SourceRecord } from '../../../../sources/source.ts';
import { claimOf } from '../../../../stores/claims.ts';
import { StoreUnavailableError } from '../../../../stores/errors.ts';
import { log } from '../../../support/log.ts';
import type { Arrival } from './model-lanes.ts';
import { setUp } from '../read/reader-setup.ts';
import { record } from '../read/scripted-source.ts';

const routeRecord = createRecordRouter('kinesis', undefined, undefined, {
  above: 100,
  claimOf: (...of) => claimOf('orders', ...of),
});
const outage = new OutageLog(log, 'the store');
const never = () => new Promise<never>(() => {});
const sized = (n: number, key: string, bytes: number): SourceRecord => {
  return { ...record('s', n, key), data: Buffer.alloc(bytes, `${n} `) };
};
const named = (given: readonly SourceRecord[]) => given.map(({ position }) => `s:${position.sequenceNumber}`);

/** How the pools were sent the data of each event, by its number. */
function formsOf(requests: readonly Arrival['request'][]): Record<string, string> {
  const events = requests.flatMap((request) => (request.to === 'quarantine' ? [] : request.events));
  return Object.fromEntries(events.map(({ data, position }) => [position.sequenceNumber, Object.keys(data)[0]!]));
}

function reading(
  given: readonly SourceRecord[],
  write: (claim: Claim, bytes: Uint8Array) => Promise<void>,
  deliver?: (arrival: Arrival) => Promise<void>,
) {
  return setUp({
    script: { s: { records: given, ends: true } },
    pools: 1,
    routeRecord,
    store: { claims: { write }, outage },
    ...(deliver === undefined ? {} : { deliver }),
  });
}

test('O1 O3 a store that does not answer holds up no other key of the pool (fault B1)', async () => {
  const small = Array.from({ length: 50 }, (_, n) => sized(n + 2, `k${n}`, 10));
  const given = [sized(1, 'large', 500), ...small, sized(52, 'large', 10)];
  const { clock, reader, lanes } = reading(given, never);
  void reader.run().catch(() => {});
  await clock.advance(10_000);
  // In the order of the stream: what a pool was sent out of order it would take for a repeat, and drop.
  expect(lanes.held.get('pool:0')).toEqual(named(given));
  expect(formsOf(lanes.requests)).toMatchObject({ 1: 'sourceOnly', 2: 'text', 52: 'text' });
});

test('O3 O9 an outage of the store does not use up the budget of the reader (fault B1)', async () => {
  // Four times the bytes that a reader may hold.
  const given = Array.from({ length: 80 }, (_, n) => sized(n + 1, `k${n}`, n % 2 === 0 ? 100_000 : 10));
  const { clock, reader, lanes } = reading(given, async () => {
    throw new StoreUnavailableError('memory', 'no answer');
  });
  void reader.run().catch(() => {});
  await clock.advance(60_000);
  expect(lanes.held.get('pool:0')).toEqual(named(given));
  expect(reader.highWater.bytes).toBeLessThanOrEqual(1_000_000);
});

test('O4 what went on without its data is stored when the store answers again, and the checkpoint waits for that (fault B1)', async () => {
  const held = new Map<string, Uint8Array>();
  let open = false;
  const given = [sized(1, 'large', 500), sized(2, 'small', 10)];
  const { clock, reader, lanes } = setUp({
    script: { s: { records: given, ends: false } },
    pools: 1,
    routeRecord,
    store: {
      outage,
      claims: {
        write: async ({ name }, bytes) => {
          if (!open) throw new StoreUnavailableError('memory', 'no answer');
          held.set(name, bytes);
        },
      },
    },
  });
  void reader.run().catch(() => {});
  await clock.advance(20_000);
  expect(lanes.held.get('pool:0')).toEqual(['s:1', 's:2']);
  expect(reader.report.shards['s']?.checkpoint).toBeUndefined();
  open = true;
  await clock.advance(20_000);
  expect(reader.report.shards['s']?.checkpoint).toEqual({ shardId: 's', sequenceNumber: '2' });
  const [event] = lanes.requests.flatMap((request) => (request.to === 'pool' ? request.events : []));
  const { sourceOnly } = (event as LaneEvent).data as { sourceOnly: { stored?: { name: string } } };
  expect([...held.keys()]).toEqual([sourceOnly.stored?.name]);
});

test('O2 a shard that has ended does not wait for the store, nor do its children (fault B1)', async () => {
  const { clock, reader } = reading([sized(1, 'large', 500)], never);
  const home = await clock.until(reader.run());
  expect(home.shards['s']).toMatchObject({ finished: true, checkpoint: { sequenceNumber: '1' } });
  expect(clock.now()).toBeLessThan(60_000);
});

test('O3 O4 whatever the store and the server refuse: every record arrives, in order, and none waits for another key (fault B1)', async () => {
  const arbitrary = fc.record({
    sizes: fc.array(fc.constantFrom(10, 90, 200, 100_000), { minLength: 1, maxLength: 40 }),
    keys: fc.integer({ min: 1, max: 5 }),
    stores: fc.infiniteStream(fc.constantFrom('ok', 'refused', 'no answer')),
    sends: fc.infiniteStream(fc.constantFrom('ok', 'refused', 'lost answer')),
    largest: fc.constantFrom(50, 2000),
    pools: fc.constantFrom(undefined, 1, 2),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ sizes, keys, stores, sends, largest, pools }) => {
      const held = new Map<string, Uint8Array>();
      const given = sizes.map((size, n) => sized(n + 1, `k${n % keys}`, size));
      const { clock, reader, lanes } = setUp({
        script: { s: { records: given, ends: true } },
        pools,
        routeRecord,
        store: {
          outage,
          claims: {
            write: async ({ name }, bytes) => {
              const what = stores.next().value;
              if (what === 'no answer') await never();
              if (what === 'refused') throw new StoreUnavailableError('memory', 'no answer');
              held.set(name, bytes);
            },
          },
        },
        deliver: async ({ apply, request }) => {
          const events = request.to === 'quarantine' ? [] : request.events;
          const inline = events.filter(({ data }) => !('sourceOnly' in data || 'claim' in data));
          const bytes = inline.reduce((sum, { size }) => sum + size, 0);
          if (bytes > largest) throw new RequestTooLargeError(`${bytes} bytes`);
          for (const { data } of events) if ('claim' in data) expect(held.has(data.claim.name)).toBe(true);
          const what = sends.next().value;
          if (what !== 'refused') apply();
          if (what !== 'ok') throw new Error(what);
        },
      });
      const home = await clock.until(reader.run());
      const arrived = [...lanes.held.values()].flat();
      expect(arrived.toSorted()).toEqual(named(given).toSorted());
      expect(home.shards['s']).toMatchObject({ finished: true, taken: given.length });
    }),
    { numRuns: 100 },
  );
});

test('O4 a reader that comes home waits for the writes of a store that works (fault B1)', async () => {
  const held = new Set<string>();
  const setup = setUp({
    script: { s: { records: [sized(1, 'large', 500), sized(2, 'small', 10)], ends: false } },
    pools: 1,
    routeRecord,

    store: {
      outage,
      claims: {
        write: async ({ name }) => {
          await setup.clock.sleep(1000, new AbortController().signal);
          held.add(name);
        },
      },
    },
  });
  const coming = setup.reader.run();
  await setup.clock.advance(500);
  setup.home.abort();
  const report = await setup.clock.until(coming);
  expect(formsOf(setup.lanes.requests)).toEqual({ 1: 'claim', 2: 'text' });
  expect(held.size).toBe(1);
  expect(report.shards['s']?.checkpoint).toMatchObject({ sequenceNumber: '2' });
});
