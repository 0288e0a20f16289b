/** Pools on the real dev server, with workers that die, replay, and limits so small that each is reached. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { afterEach, describe, expect, test } from 'vitest';
import { NonRetryableError } from '../../contracts/public/errors.ts';
import type { HandlerEvent } from '../../contracts/public/record.ts';
import { QUERIES, SIGNALS } from '../../contracts/names.ts';
import type { PauseSignal } from '../../contracts/pool/messages.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';
import { Ledger, upTo } from '../support/ledger.ts';
import { outOfOrder } from '../support/ledger-project.ts';

let lanes: LaneHarness;
let ledger = new Ledger();
afterEach(async () => {
  await lanes.stop();
  ledger = new Ledger();
});

/** The numbers of the shard's next event, and of each key's. */
class Source {
  readonly #counts = new Map<string, number>();
  #position = 0;

  next(keys: readonly string[], filling = ''): PoolEvent[] {
    return keys.map((key) => {
      const n = 1 + (this.#counts.get(key) ?? 0);
      this.#counts.set(key, n);
      this.#position += 1;
      return { key, ...laneEvent(this.#position, undefined, { n, filling }), size: 20 + filling.length };
    });
  }

  countOf(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}

const keysTo = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}`);
const note = (event: HandlerEvent) => ledger.note(event.key, event.json().n);
const isDone = (source: Source, keys: readonly string[]) =>
  keys.every((key) => ledger.of(key).includes(source.countOf(key)));

/** In order; what was running when a worker died may be there twice (O7). */
function expectInOrder(source: Source, keys: readonly string[], mayRepeat = false): void {
  for (const key of keys) {
    const seen = ledger.of(key) as number[];
    const once = mayRepeat ? [...new Set(seen)] : seen;
    expect(once, key).toEqual(upTo(source.countOf(key)));
    expect(outOfOrder(seen), key).toBeUndefined();
  }
}

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Lanes that a pool began while a batch was in flight, and how many of them at a time. */
function lanesStarted(events: readonly HistoryEvent[]): { readonly besideBatches: number; readonly max: number } {
  let [batches, beginning, besideBatches, max] = [0, 0, 0, 0];
  for (const event of events) {
    if (event.activityTaskScheduledEventAttributes) batches += 1;
    if (event.activityTaskCompletedEventAttributes) batches -= 1;
    if (event.childWorkflowExecutionStartedEventAttributes) beginning -= 1;
    if (!event.startChildWorkflowExecutionInitiatedEventAttributes) continue;
    beginning += 1;
    if (batches === 0) continue;
    besideBatches += 1;
    max = Math.max(max, beginning);
  }
  return { besideBatches, max };
}

/** Starts a worker whose handlers wait until the function that this returns is called. */
async function startClosed(): Promise<() => void> {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  lanes = await LaneHarness.start({
    handler: async (event) => {
      await gate;
      note(event);
    },
    handling: { timeoutMs: 60_000 },
  });
  return open;
}

describe('a pool', () => {
  test('O1 O4 O5 O6 runs events once and in order, sent twice or not, over many runs, replayed at every task', async () => {
    lanes = await LaneHarness.start({ handler: (event) => note(event), replayed: true });
    const source = new Source();
    const keys = keysTo(12);
    for (let round = 0; round < 30; round += 1) {
      if (round % 10 === 9) await eventually(() => isDone(source, keys));
      const events = source.next(keys);
      await lanes.pool(events, { signalsPerRun: 8, eventsPerKey: 3 });
      if (round % 4 === 0) await lanes.pool(events.slice(3));
    }
    await eventually(() => isDone(source, keys), 60_000);
    expectInOrder(source, keys);
    const runs = await lanes.client.workflow.count(`WorkflowId = "${lanes.poolHandle.workflowId}"`);
    expect(runs.count).toBeGreaterThan(1);
    expect(await lanes.poolView()).toMatchObject({ waiting: 0, moved: 0, handled: 360 });
  });

  test('O5 tells bridges to wait before its run ends, and no longer', async () => {
    lanes = await LaneHarness.start({ handler: (event) => note(event) });
    const source = new Source();
    const keys = keysTo(5);
    const send = async () => {
      await lanes.pool(source.next(keys), { signalsPerRun: 3 });
      return await lanes.poolHandle.describe();
    };
    const { runId, workflowId } = await send();
    while ((await send()).runId === runId);
    const { events } = await lanes.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const told = (events ?? []).flatMap(({ workflowPropertiesModifiedEventAttributes: modified }) => {
      const full = modified?.upsertedMemo?.fields?.['full'];
      return full == null ? [] : [defaultPayloadConverter.fromPayload<boolean>(full)];
    });
    expect(told.at(-1)).toBe(true);
    await eventually(() => isDone(source, keys));
    await eventually(async () => expect((await lanes.poolHandle.describe()).memo).toMatchObject({ full: false }));
    expectInOrder(source, keys);
  });

  test('O1 O4 O5 a batch whose worker dies is done by another one', async () => {
    let killed = false;
    lanes = await LaneHarness.start({
      mayDie: true,
      stickyMs: 300,
      handler: async (event) => {
        if (event.json().n === 3 && event.key === 'key-4' && !killed) {
          killed = true;
          lanes.killWorker();
          await delay(100);
          return;
        }
        await delay(5);
        note(event);
      },
    });
    const source = new Source();
    const keys = keysTo(10);
    for (let round = 0; round < 5; round += 1) await lanes.pool(source.next(keys));
    await eventually(() => killed);
    await lanes.startWorker();
    await eventually(() => isDone(source, keys), 60_000);
    expectInOrder(source, keys, true);
    expect((await lanes.poolView()).moved).toBe(0);
  }, 90_000);

  test('O1 O3 O5 the one key that kills workers is found, and the others go on', async () => {
    lanes = await LaneHarness.start({
      mayDie: true,
      stickyMs: 300,
      handler: async (event) => {
        if (event.key === 'deadly') {
          lanes.killWorker();
          void lanes.startWorker();
          await delay(100);
          return;
        }
        note(event);
      },
    });
    const source = new Source();
    const keys = keysTo(40);
    await lanes.pool(source.next([...keys.slice(0, 20), 'deadly', ...keys.slice(20)]));
    await eventually(async () => (await lanes.whereIs('deadly')) === 'lane', 60_000);
    await eventually(() => isDone(source, keys), 60_000);
    expectInOrder(source, keys, true);
    await eventually(async () => (await lanes.view('deadly')).phase.state === 'blocked', 60_000);
    await lanes.decide('deadly', 'skip');
    await eventually(async () => (await lanes.whereIs('deadly')) === 'pool', 30_000);
  }, 180_000);

  test('O4 O5 what a next run cannot be given goes out into lanes, and comes back', async () => {
    const open = await startClosed();
    const source = new Source();
    const keys = keysTo(6);
    const filling = 'x'.repeat(20_000);
    for (let round = 0; round < 25; round += 1)
      await lanes.pool(source.next(keys, filling), { signalsPerRun: 20, slowAfterMs: 500, eventsPerKey: 1 });
    await eventually(async () => (await lanes.poolView()).waiting === 150);
    await delay(3000);
    open();
    await eventually(() => isDone(source, keys), 60_000);
    expectInOrder(source, keys);
    await eventually(async () => (await lanes.poolView()).moved === 0, 30_000);
  }, 120_000);

  test('O5 what a next run cannot be given is handled first, when that can be done: no key needs a lane for it', async () => {
    const open = await startClosed();
    const source = new Source();
    const keys = keysTo(160);
    for (let from = 0; from < keys.length; from += 8)
      await lanes.pool(source.next(keys.slice(from, from + 8), 'x'.repeat(20_000)), {
        signalsPerRun: 15,
        slowAfterMs: 60_000,
      });
    await eventually(async () => (await lanes.poolView()).waiting === 160);
    open();
    await eventually(() => isDone(source, keys), 60_000);
    expectInOrder(source, keys);
    await lanes.pool(source.next(['key-0']));
    await eventually(() => isDone(source, keys));
    const { workflow } = lanes.client;
    await eventually(async () => (await workflow.count(`WorkflowId = "${lanes.poolHandle.workflowId}"`)).count > 1);
    expect((await workflow.count(`KeylanePipeline = "${lanes.pipeline}" AND WorkflowType = "lane"`)).count).toBe(0);
  }, 120_000);

  test('O3 many keys that fail at once get their lanes beside the batches of the others, a few at a time', async () => {
    const [poisoned, healthy] = [keysTo(40), Array.from({ length: 60 }, (_, index) => `healthy-${index}`)];
    const source = new Source();
    lanes = await LaneHarness.start({
      handler: async (event) => {
        if (poisoned.includes(event.key)) throw new NonRetryableError('poison');
        await delay(30);
        note(event);
      },
    });
    for (let round = 0; round < 5; round += 1) {
      await lanes.pool(source.next([...poisoned, ...healthy]), {
        eventsPerKey: 1,
        batch: { events: 30, bytes: 100_000 },
      });
    }
    await eventually(() => isDone(source, healthy), 60_000);
    await eventually(async () => {
      const states = await Promise.all(poisoned.map(async (key) => (await lanes.view(key)).phase.state));
      return states.every((state) => state === 'blocked');
    }, 60_000);
    expectInOrder(source, healthy);
    const { events } = await lanes.poolHandle.fetchHistory();
    const { besideBatches, max } = lanesStarted(events ?? []);
    expect(max).toBeLessThanOrEqual(4);
    expect(besideBatches).toBeGreaterThan(4);
  });

  test('O3 a process whose handlers are all busy gives batches back, and another one does them (fault B5)', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    lanes = await LaneHarness.start({
      handler: async (event) => {
        if (event.key.startsWith('busy')) await gate;
        note(event);
      },
      handling: { timeoutMs: 60_000 },
    });
    const source = new Source();
    const busy = Array.from({ length: 100 }, (_, index) => `busy-${index}`);
    const slowAfterMs = 300;
    await lanes.pool(source.next(busy), { slowAfterMs });
    await eventually(async () => (await lanes.poolView()).batches === 1);
    await lanes.startWorker();
    const keys = keysTo(60);
    for (let at = 0; at < keys.length; at += 3) {
      await lanes.pool(source.next(keys.slice(at, at + 3)), { slowAfterMs });
      await delay(20);
    }
    await eventually(() => isDone(source, keys), 30_000);
    expectInOrder(source, keys);
    expect(ledger.of('busy-0')).toEqual([]);
    open();
    await eventually(() => isDone(source, busy));
  });

  test('O1 a lane that is reset when its key is back in the pool ends without running anything (fault B15)', async () => {
    let isBad = true;
    lanes = await LaneHarness.start({
      handler: (event) => {
        if (event.key === 'key-0' && event.json().n === 2 && isBad) throw new NonRetryableError('bad');
        note(event);
      },
    });
    const source = new Source();
    const keys = keysTo(2);
    for (let round = 0; round < 3; round += 1) await lanes.pool(source.next(keys));
    const lane = lanes.lane('key-0');
    await eventually(async () => expect((await lanes.view('key-0')).phase.state).toBe('blocked'));
    isBad = false;
    await lanes.decide('key-0', 'retry');
    await eventually(async () => expect((await lane.describe()).status.name).toBe('COMPLETED'));
    await lanes.pool(source.next(keys));
    await eventually(() => isDone(source, keys));
    const { events } = await lane.fetchHistory();
    const runs = new Set([(await lane.describe()).runId]);
    const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
    // To its begin; to after the retry; and to its last task.
    for (const task of [tasks.at(0), tasks.at(-2), tasks.at(-1)]) {
      await lanes.client.workflowService.resetWorkflowExecution({
        namespace: lanes.client.options.namespace,
        workflowExecution: { workflowId: lane.workflowId, runId: [...runs][0]! },
        workflowTaskFinishEventId: task!.eventId!,
        requestId: randomUUID(),
        reason: 'by mistake',
      });
      await eventually(async () => {
        const latest = await lane.describe();
        // A blocked one is found out when a person decides.
        if (latest.status.name === 'RUNNING' && (await lanes.view('key-0')).phase.state === 'blocked')
          await lanes.decide('key-0', 'retry');
        expect(latest.status.name).toBe('COMPLETED');
        expect(runs.has(latest.runId)).toBe(false);
        runs.add(latest.runId);
      });
    }
    await lanes.pool(source.next(keys));
    await eventually(() => isDone(source, keys));
    expectInOrder(source, keys);
  });

  test('O11 a key whose event fails while it is being paused is paused all the same, and the decision is kept', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    let calls = 0;
    lanes = await LaneHarness.start({
      handler: async () => {
        calls += 1;
        await gate;
        throw new Error('not now');
      },
    });
    await lanes.pool(new Source().next(['a', 'a']));
    await eventually(() => calls === 1);
    const args: [PauseSignal] = [{ key: 'a', by: 'ann' }];
    const pause = await lanes.poolHandle.startUpdate<void, [PauseSignal]>('pause', { args, waitForStage: 'ACCEPTED' });
    open();
    await pause.result();
    const { decisions, phase, waiting } = await lanes.view('a');
    expect(phase).toMatchObject({ state: 'paused', by: 'ann', held: { state: 'retrying', attempts: 1 } });
    expect(decisions).toMatchObject([{ verb: 'pause', outcome: 'done', by: 'ann', stateBefore: 'retrying' }]);
    expect(waiting).toBe(1);
    expect(calls).toBe(1);
  });

  test('O7 failures with long messages are no reason to run the other keys of their batch again (faults A1 and B7)', async () => {
    const long = '\u0001'.repeat(2000);
    lanes = await LaneHarness.start({
      handler: (event) => {
        note(event);
        if (event.key.startsWith('bad')) throw new NonRetryableError(long);
      },
    });
    const source = new Source();
    const bad = Array.from({ length: 130 }, (_, index) => `bad-${index}`);
    const good = keysTo(30);
    await lanes.pool(source.next([...good, ...bad]));
    await eventually(() => isDone(source, [...good, ...bad]), 60_000);
    await eventually(
      async () => expect(await lanes.poolView()).toMatchObject({ waiting: 0, moved: bad.length }),
      60_000,
    );
    expectInOrder(source, [...good, ...bad]);
  }, 90_000);

  test('O5 a signal that no bridge can have sent stops nothing', async () => {
    lanes = await LaneHarness.start({ handler: (event) => note(event) });
    const source = new Source();
    await lanes.pool(source.next(['a', 'b']));
    const wrong: readonly unknown[] = [null, 7, {}, { events: 'no' }, { leaseUntil: 1, events: [{ key: 'a' }] }];
    for (const name of [SIGNALS.records, SIGNALS.progress, SIGNALS.finished, 'pause'])
      for (const each of wrong) await lanes.poolHandle.signal(name, each);
    await lanes.poolHandle.signal(SIGNALS.finished, { key: 'a', through: 9 });
    await lanes.poolHandle.signal(SIGNALS.progress, { batch: 99, succeeded: [1, 0] });
    await lanes.pool(source.next(['a', 'b']));
    await eventually(() => isDone(source, ['a', 'b']));
    expectInOrder(source, ['a', 'b']);
  });

  test('O6 a former reader that wakes after marks were forgotten is not listened to', async () => {
    const shards = keysTo(70);
    lanes = await LaneHarness.start({
      handler: (event) => note(event),
      checkpoints: () => Object.fromEntries(shards.map((shard) => [shard, { ended: true as const }])),
    });
    const options = { leaseMarginMs: 200, signalsPerRun: 10 };
    for (const shard of shards) await lanes.pool([{ key: 'a', ...laneEvent(1, shard, { n: 1 }) }], options);
    const forgotten = eventually(async () => {
      await lanes.pool([{ key: 'b', ...laneEvent(Date.now(), 'another', { n: Date.now() }) }], options);
      const snapshot = await lanes.poolHandle.query<RunSnapshot<PoolState>>(QUERIES.runSnapshot);
      return snapshot.kind === 'state' && !Object.keys(snapshot.state.marks).includes('key-0');
    }, 60_000);
    await forgotten;
    const before = ledger.of('a').length;
    await lanes.pool([{ key: 'a', ...laneEvent(1, shards[0], { n: 1 }) }], options, Date.now() - 60_000);
    await lanes.pool([{ key: 'a', ...laneEvent(Date.now(), 'another', { n: 2 }) }], options);
    await eventually(() => ledger.of('a').includes(2));
    expect(ledger.of('a')).toHaveLength(before + 1);
  }, 120_000);
});
