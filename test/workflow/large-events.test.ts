/** Events whose data lies in a store, or is still in the source only, on a real Temporal server. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { DATA_GONE, LARGE_EVENT, type FetchInput, type FetchOutcome } from '../../contracts/event/large-events.ts';
import { claimOf, Claims } from '../../stores/claims.ts';
import { StoreUnavailableError } from '../../stores/errors.ts';
import { FolderStore } from '../../stores/folder-store.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvent, POLICY, SHARD } from '../support/lane-events.ts';
import { LaneHarness, QUICK_RETRIES, type HarnessOptions } from '../support/lane-harness.ts';

const { signal } = new AbortController();

/** A folder that can be out of reach for reading, or for deleting. */
class Folder extends FolderStore {
  readonly path: string;
  isUnreadable = false;
  isUndeletable = false;
  deletes = 0;

  constructor(path: string) {
    super(path);
    this.path = path;
  }

  override async get(name: string, stop: AbortSignal): Promise<Uint8Array> {
    if (this.isUnreadable) throw new StoreUnavailableError(this.identity, 'no answer');
    return await super.get(name, stop);
  }

  override async delete(name: string): Promise<void> {
    this.deletes += 1;
    if (this.isUndeletable) throw new StoreUnavailableError(this.identity, 'no answer');
    await super.delete(name);
  }

  async names(): Promise<string[]> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }
}

let folder: string;
let store: Folder;
let lanes: LaneHarness;
let seen: { n: number; bytes: number }[];
let poison: ReadonlySet<number>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keylane-large-'));
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

afterEach(async () => await lanes.stop());

async function start(options: Partial<HarnessOptions> = {}): Promise<void> {
  store = new Folder(await mkdtemp(join(folder, 'store-')));
  seen = [];
  poison = new Set();
  lanes = await LaneHarness.start({
    store,
    handler: (event) => {
      const n = Number(event.position.sequenceNumber);
      if (poison.has(n)) throw new Error('poison');
      seen.push({ n, bytes: event.data.byteLength });
    },
    ...options,
  });
}

const sizeOf = (n: number) => 100_000 + n;

/** The nth event, with its data in the store. */
async function claimed(n: number): Promise<LaneEvent> {
  const event = laneEvent(n);
  const bytes = randomBytes(sizeOf(n));
  const claim = claimOf(lanes.pipeline, event.position, 'a', bytes);
  await new Claims(store, lanes.pipeline).write(claim, bytes, signal);
  return { ...event, size: bytes.byteLength, data: { claim } };
}

const left = (n: number): LaneEvent => ({
  ...laneEvent(n),
  size: sizeOf(n),
  data: { sourceOnly: { preview: `event ${n}` } },
});
const isBlocked = async (key: string) => (await lanes.view(key)).phase.state === 'blocked';
const failureOf = async (key: string) => {
  const { phase } = await lanes.view(key);
  return phase.state === 'blocked' || phase.state === 'retrying' ? phase.failure : undefined;
};
const activitiesOf = async (key: string) => {
  const { events = [] } = await lanes.lane(key).fetchHistory();
  return events!.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
};
const run = (n: number) => ({ n, bytes: sizeOf(n) });

describe.each([{ replayed: false }, { replayed: true }])('data in the store (replayed: $replayed)', ({ replayed }) => {
  test('O1 O5 is given to the handler, and deleted when its events are done', async () => {
    await start({ replayed });
    const events = [await claimed(1), laneEvent(2), await claimed(3)];
    await lanes.send('a', events);
    await eventually(() => seen.length === 3);
    expect(seen).toEqual([run(1), { n: 2, bytes: 7 }, run(3)]);
    await eventually(async () => (await store.names()).length === 0);
    // Those of a batch together.
    expect(await activitiesOf('a')).toEqual(['runEvents', 'deleteData']);
    await eventually(async () => (await lanes.lane('a').query<{ kind: string }>('runSnapshot')).kind === 'state');
  });

  test('of a lane without large events nothing is deleted, and nothing is asked for', async () => {
    await start({ replayed });
    await lanes.send('a', [laneEvent(1), laneEvent(2)]);
    await eventually(() => seen.length === 2);
    expect(await activitiesOf('a')).toEqual(['runEvents']);
  });
});

test('O5 the data of a head that is blocked stays, and of what waits behind it, over runs that continue as new', async () => {
  await start({ lane: { signalsPerRun: 5, segments: { events: 3, bytes: 20_000 } } });
  poison = new Set([2]);
  const events: LaneEvent[] = [];
  for (let n = 1; n <= 12; n += 1) events.push(await claimed(n));
  await lanes.send('a', events.slice(0, 3));
  await eventually(() => isBlocked('a'));
  // Again and again, with what it has had: the reader began anew.
  for (const [index] of events.entries()) await lanes.send('a', events.slice(Math.max(0, index - 2), index + 1));
  await eventually(async () => (await lanes.view('a')).waiting === 10);
  await eventually(async () => (await store.names()).length === 11);
  expect((await lanes.view('a')).segments?.count).toBeGreaterThan(0);

  poison = new Set();
  await lanes.decide('a', 'retry');
  await eventually(() => seen.length === 12);
  expect(seen).toEqual(events.map((_, index) => run(index + 1)));
  await eventually(async () => (await store.names()).length === 0);
});

test('O6 data that was stored again for an event that is done is deleted again', async () => {
  await start();
  const event = await claimed(1);
  await lanes.send('a', [event]);
  await eventually(async () => (await store.names()).length === 0);
  const name = 'claim' in event.data ? event.data.claim.name : '';
  await store.put(name, Buffer.from('the same, as it were'), signal);
  await lanes.send('a', [event]);
  await eventually(async () => (await store.names()).length === 0);
  expect(seen).toEqual([run(1)]);
});

test('O11 the data of an event that was skipped or replaced stays, and its decision names it', async () => {
  await start({ handling: { retry: { ...QUICK_RETRIES.retry, maxAttempts: 1 } } });
  poison = new Set([1, 2]);
  const events = [await claimed(1), await claimed(2), await claimed(3)];
  await lanes.send('a', events);
  await eventually(() => isBlocked('a'));
  const names = events.map(({ data }) => ('claim' in data ? data.claim.name : ''));
  expect(await lanes.decide('a', 'skip')).toMatchObject({ claimBefore: names[0], dataBefore: expect.any(String) });
  await eventually(() => isBlocked('a'));
  poison = new Set();
  expect(await lanes.decide('a', 'replace', { data: { n: 2 } })).toMatchObject({
    claimBefore: names[1],
    dataAfter: '{"n":2}',
  });
  await eventually(() => seen.length === 2);
  expect(seen).toEqual([{ n: 2, bytes: 7 }, run(3)]);
  await eventually(async () => (await store.names()).length === 2);
  const kept = names.slice(0, 2).map((name) => name.split('/').at(-1));
  expect((await store.names()).toSorted()).toEqual(kept);

  // A reader began anew, and has sent what it had read: that is no reason to delete it.
  await lanes.send('a', [...events, await claimed(4)]);
  await eventually(() => seen.length === 3);
  await eventually(async () => (await store.names()).length === 2);
  expect((await store.names()).toSorted()).toEqual(kept);
});

test('O9 a store that cannot be reached is a failure that is retried, and the handler is not called for it', async () => {
  await start({ handling: { retry: { ...QUICK_RETRIES.retry, maxAttempts: 1000 } } });
  const event = await claimed(1);
  store.isUnreadable = true;
  await lanes.send('a', [event]);
  await eventually(async () => (await lanes.view('a')).phase.state === 'retrying');
  expect(await failureOf('a')).toMatchObject({ type: 'StoreUnavailableError', nonRetryable: false });
  store.isUnreadable = false;
  await eventually(() => seen.length === 1);
  expect(seen).toEqual([run(1)]);
});

test('data that is gone blocks its key with what to do, and goes on when it is back', async () => {
  await start();
  const event = await claimed(1);
  const name = 'claim' in event.data ? event.data.claim.name : '';
  const bytes = await store.get(name, signal);
  await store.delete(name);
  await lanes.send('a', [event, laneEvent(2)]);
  await eventually(() => isBlocked('a'));
  expect(await failureOf('a')).toMatchObject({ type: DATA_GONE, nonRetryable: true });
  expect((await failureOf('a'))?.message).toMatch(/gone.*shardId-000000000000\/1-.*Bring it back and retry/);
  await store.put(name, bytes, signal);
  await lanes.decide('a', 'retry');
  await eventually(() => seen.length === 2);
  expect(seen[0]).toEqual(run(1));
});

test('a worker without the store says which setting would help', async () => {
  await start();
  const event = await claimed(1);
  await lanes.stop();
  await start({ store: undefined as never });
  await lanes.send('a', [event]);
  await eventually(() => isBlocked('a'));
  expect(await failureOf('a')).toMatchObject({
    type: LARGE_EVENT,
    message: expect.stringContaining('largeEvents.store'),
  });
});

test('O3 O5 a store that deletes nothing holds up no event, and no run that continues as new', async () => {
  await start({ lane: { signalsPerRun: 4 } });
  store.isUndeletable = true;
  for (let n = 1; n <= 10; n += 1) await lanes.send('a', [await claimed(n)]);
  await eventually(() => seen.length === 10);
  await eventually(() => store.deletes > 0);
  store.isUndeletable = false;
  await eventually(async () => (await store.names()).length === 0, 30_000);
  expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => run(index + 1)));
});

test('O5 a worker that stops between success and deletion leaves it to the next one', async () => {
  await start();
  store.isUndeletable = true;
  await lanes.send('a', [await claimed(1)]);
  await eventually(() => store.deletes > 0);
  await lanes.stopWorker();
  expect(await store.names()).toHaveLength(1);
  store.isUndeletable = false;
  await lanes.startWorker();
  await eventually(async () => (await store.names()).length === 0, 30_000);
  expect(seen).toEqual([run(1)]);
});

test('O6 a lane whose data cannot be deleted yet does not end', async () => {
  await start({ lane: { idleMs: 300 } });
  store.isUndeletable = true;
  await lanes.send('a', [await claimed(1)]);
  await eventually(() => store.deletes >= 2);
  expect((await lanes.lane('a').describe()).status.name).toBe('RUNNING');
  store.isUndeletable = false;
  await eventually(async () => (await lanes.lane('a').describe()).status.name === 'COMPLETED', 30_000);
  expect(await store.names()).toEqual([]);
});

describe('data that was left in the source', () => {
  let asked: FetchInput[];
  let answer: (input: FetchInput) => Promise<FetchOutcome>;

  const fetching = (): Partial<HarnessOptions> => {
    asked = [];
    return {
      fetchData: async (input) => {
        asked.push(input);
        return await answer(input);
      },
    };
  };
  const noStore: typeof answer = async () => {
    return { failure: { type: LARGE_EVENT, message: 'set largeEvents.store', nonRetryable: true }, retry: POLICY };
  };
  /** Writes it to the store, as the bridge does. */
  const fetched: typeof answer = async ({ position }) => {
    const { data } = await claimed(Number(position.sequenceNumber));
    if (!('claim' in data)) throw new Error('not claimed');
    return { data };
  };

  test('O1 O5 O9 keeps its place: it blocks with what to do, and after a retry the rest follows by itself', async () => {
    await start(fetching());
    answer = noStore;
    await lanes.send('a', [laneEvent(1), left(2), left(3), laneEvent(4)]);
    await lanes.send('b', [laneEvent(1)]);
    await eventually(() => isBlocked('a'));
    expect(await failureOf('a')).toMatchObject({ type: LARGE_EVENT, message: 'set largeEvents.store' });
    expect((await lanes.view('a')).head?.data).toEqual({ sourceOnly: { preview: 'event 2' } });
    await lanes.decide('a', 'retry');
    await eventually(async () => asked.length === 2 && (await isBlocked('a')));

    answer = fetched;
    expect(await lanes.decide('a', 'retry')).toMatchObject({ outcome: 'done' });
    await eventually(() => seen.length === 5);
    expect(seen.filter(({ n }) => n > 1)).toEqual([run(2), run(3), { n: 4, bytes: 7 }]);
    expect(asked.at(-1)).toEqual({
      pipeline: lanes.pipeline,
      key: 'a',
      position: { shardId: SHARD, sequenceNumber: '3' },
      arrivedAt: left(3).arrivedAt,
      size: sizeOf(3),
    });
    await eventually(async () => (await store.names()).length === 0);
  });

  test('is fetched once: a handler that fails then is retried with what is in the store', async () => {
    await start(fetching());
    answer = fetched;
    poison = new Set([1]);
    await lanes.send('a', [left(1)]);
    await eventually(() => isBlocked('a'));
    expect((await lanes.view('a')).phase).toMatchObject({ failure: { message: 'poison' }, attempts: 3 });
    poison = new Set();
    await lanes.decide('a', 'retry');
    await eventually(() => seen.length === 1);
    expect(asked).toHaveLength(1);
  });

  test('can be skipped and replaced, while it is fetched too', async () => {
    await start(fetching());
    let end: (() => void) | undefined;
    answer = async (input) => {
      await new Promise<void>((resolve) => (end = resolve));
      return await noStore(input);
    };
    await lanes.send('a', [left(1), left(2), laneEvent(3)]);
    await eventually(() => end !== undefined);
    answer = noStore;
    // It hangs, and is not waited for.
    expect(await lanes.decide('a', 'skip', { position: `${SHARD}:1` })).toMatchObject({
      outcome: 'done',
      dataBefore: 'event 1…',
    });
    await eventually(() => isBlocked('a'));
    expect(await lanes.decide('a', 'replace', { data: 2 })).toMatchObject({ dataBefore: 'event 2…', dataAfter: '2' });
    await eventually(() => seen.length === 2);
    expect(seen.map(({ n }) => n)).toEqual([2, 3]);
    end?.();
  });
});
