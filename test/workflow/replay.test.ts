/**
 * Histories recorded once must replay with today's code: a lane lives for years, and a workflow that does not replay is
 * stuck. A recorded history is never changed or removed; `npm run record` adds those of the present version.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { endedRun } from '../../temporal/latest-run.ts';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { LARGE_EVENT } from '../../contracts/event/large-events.ts';
import { QUERIES, quarantineWorkflowId, SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { PIPELINE_UPDATES } from '../../contracts/pipeline/messages.ts';
import type { Position } from '../../contracts/event/position.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import { claimOf, Claims } from '../../stores/claims.ts';
import { FolderStore } from '../../stores/folder-store.ts';
import { installRuntime } from '../../worker/runtime.ts';
import { sourceFiles, textOf as sourceOf } from '../architecture/files.ts';
import { EMULATOR_ENV } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { FakeAws, systemClock } from '../support/fake-aws/index.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { keylessRecords, laneEvent, laneEvents, POLICY, SHARD } from '../support/lane-events.ts';
import { Ledger } from '../support/ledger.ts';
import { LaneHarness } from '../support/lane-harness.ts';
import { log } from '../support/log.ts';
import { QuarantineHarness } from '../support/quarantine-harness.ts';
import { FOLDER, record, withoutPaths } from '../support/recording.ts';
import { bundleWorkflows } from '../support/workflow-bundle.ts';

beforeAll(() => installRuntime(log));

describe.runIf(process.env['KEYLANE_RECORD'] === '1')('recording', () => {
  beforeAll(() => withoutPaths());

  const firstRun = (lanes: LaneHarness, key: string, runId: string) =>
    lanes.client.workflow.getHandle(lanes.lane(key).workflowId, runId);
  const runIdOf = async (lanes: LaneHarness, key: string) =>
    (await lanes.lane(key).describe()).raw.workflowExecutionInfo?.execution?.runId ?? '';

  test('a healthy lane that ends idle', async () => {
    const lanes = await LaneHarness.start({ handler: () => {}, lane: { idleMs: 500 } });
    await lanes.send('a', laneEvents(1, 5));
    await lanes.send('a', laneEvents(4, 9));
    await eventually(async () => (await lanes.lane('a').describe()).status.name === 'COMPLETED');
    await record('lane-healthy', lanes.lane('a'));
    await lanes.stop();
  });

  test('a lane that is blocked and released by each verb', async () => {
    const poison = new Set([2, 4, 6]);
    const lanes = await LaneHarness.start({
      handler: (event) => {
        if (poison.has(event.json().n)) throw new Error('poison');
      },
    });
    const blocked = (n: number) =>
      eventually(async () => {
        const { phase, head } = await lanes.view('a');
        return phase.state === 'blocked' && head?.position.sequenceNumber === String(n);
      });
    await lanes.send('a', laneEvents(1, 7));
    await blocked(2);
    poison.delete(2);
    await lanes.decide('a', 'retry', { by: 'ann' });
    await blocked(4);
    await lanes.decide('a', 'pause', { by: 'ann' });
    await lanes.decide('a', 'resume', { by: 'ann' });
    await lanes.lane('a').signal('skip', { by: 'ann' });
    await blocked(6);
    await lanes.decide('a', 'replace', { data: { n: 60 }, by: 'ann' });
    await eventually(async () => (await lanes.view('a')).handled === 6);
    await record('lane-blocked-and-released', lanes.lane('a'));
    await lanes.stop();
  });

  test('a lane whose last attempt at an event was lost, although its process ran on', async () => {
    let calls = 0;
    const holdUp = (until: number) => {
      while (performance.now() < until);
    };
    const lanes = await LaneHarness.start({
      handler: () => {
        calls += 1;
        if (calls === 2) holdUp(performance.now() + 2500);
        throw new Error('down');
      },
      handling: { retry: { ...POLICY, maxAttempts: 2 } },
      lane: { heartbeatTimeoutMs: 1000 },
    });
    await lanes.send('a', laneEvents(1, 2));
    await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
    expect(calls).toBe(3);
    await record('lane-whose-last-attempt-was-lost', lanes.lane('a'));
    await lanes.stop();
  });

  test('a pipeline of which a shard is split again and again, that is paused, and that continues as new', async () => {
    Object.assign(process.env, EMULATOR_ENV);
    const fake = await FakeAws.start({ clock: systemClock });
    const stream = fake.createStream('orders', { shards: 3 });
    const pipeline = uniqueName();
    const ledger = new Ledger();
    const source = kinesis({ stream: 'orders', endpoint: fake.endpoint });
    const keylane = await Keylane.create({
      pipelines: { [pipeline]: { source, handler: (event) => ledger.note(event.key, event.json().n) } },
      options: { maxReaders: 3, shiftMs: 4000, discoverEveryMs: 1000, eventsPerRun: 250 },
    });
    let written = 0;
    const putAll = async (): Promise<void> => {
      for (let key = 0; key < 20; key += 1) stream.put({ key: `key-${key}`, data: JSON.stringify({ n: 1 }) });
      written += 20;
      await eventually(() => ledger.count === written);
    };
    const handle = keylane.client.workflow.getHandle(pipeline);
    const runIdNow = async () => (await handle.describe()).runId;
    await keylane.start();
    const first = await runIdNow();
    // By the first half, so one reader gets more and more shards while the others have one each.
    for (let split = 1; split <= 3; split += 1) {
      await putAll();
      stream.split(stream.openShards[0]!);
      await eventually(async () => {
        const { shards } = await keylane.status(pipeline);
        return shards.filter(({ state }) => state === 'reading').length === 3 + split;
      });
    }
    await putAll();
    await handle.executeUpdate(PIPELINE_UPDATES.pause, { args: [{ by: 'ann' }] });
    await eventually(async () => (await keylane.status(pipeline)).readers === 0);
    await handle.executeUpdate(PIPELINE_UPDATES.resume);
    await eventually(async () => (await runIdNow()) !== first, 60_000);
    const second = await runIdNow();
    await putAll();
    stream.split(stream.openShards[0]!);
    await putAll();
    await record('pipeline-dealt-fairly', keylane.client.workflow.getHandle(pipeline, first));
    await record('pipeline-dealt-fairly-continued', keylane.client.workflow.getHandle(pipeline, second));
    await keylane.close();
    await fake.stop();
  }, 120_000);

  test('a lane that continues as new while its head is retrying, and while it is blocked', async () => {
    const lanes = await LaneHarness.start({
      handler: () => {
        throw new Error('down');
      },
      handling: { retry: { maxAttempts: 4, initialIntervalMs: 400, backoff: 1, maxIntervalMs: 400 } },
      lane: { signalsPerRun: 3 },
    });
    await lanes.send('a', [laneEvent(1)]);
    const first = await runIdOf(lanes, 'a');
    await eventually(async () => (await lanes.view('a')).phase.state === 'retrying');
    for (let n = 2; n <= 3; n += 1) await lanes.send('a', [laneEvent(n)]);
    await eventually(async () => (await runIdOf(lanes, 'a')) !== first);
    const second = await runIdOf(lanes, 'a');
    await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
    for (let n = 4; n <= 6; n += 1) await lanes.send('a', [laneEvent(n)]);
    await eventually(async () => (await runIdOf(lanes, 'a')) !== second);
    await eventually(async () => (await lanes.view('a')).waiting === 5);
    await record('lane-continued-as-new-retrying', firstRun(lanes, 'a', first));
    await record('lane-continued-as-new-blocked', firstRun(lanes, 'a', second));
    await lanes.stop();
  });

  test('a lane with data in a store, with data that was left in the source, and that ends when all is deleted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keylane-record-'));
    const store = new FolderStore(folder);
    const claimFor = async (position: Position) => {
      const bytes = Buffer.alloc(200_000, 'large ');
      const claim = claimOf(lanes.pipeline, position, 'a', bytes);
      await new Claims(store, lanes.pipeline).write(claim, bytes, new AbortController().signal);
      return { data: { claim }, size: bytes.byteLength };
    };
    let hasStore = false;
    const failure = { type: LARGE_EVENT, message: 'no store', nonRetryable: true };
    const lanes = await LaneHarness.start({
      store,
      handler: () => {},
      lane: { idleMs: 500 },
      fetchData: async ({ position }) => (hasStore ? await claimFor(position) : { failure, policy: POLICY }),
    });
    const [first, second, third] = laneEvents(1, 3) as [LaneEvent, LaneEvent, LaneEvent];
    const stored = { ...first, ...(await claimFor(first.position)) };
    await lanes.send('a', [stored, { ...second, data: { sourceOnly: { preview: 'large' } } }, third]);
    await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
    hasStore = true;
    await lanes.decide('a', 'retry', { by: 'ann' });
    await eventually(async () => (await lanes.view('a')).handled === 3);
    await lanes.send('a', [stored]);
    await eventually(async () => (await lanes.lane('a').describe()).status.name === 'COMPLETED');
    await record('lane-large-events', lanes.lane('a'));
    await lanes.stop();
    await rm(folder, { recursive: true });
  });

  test('a blocked lane whose backlog goes into segments, over several runs, and that is released', async () => {
    const poison = new Set([3]);
    const lanes = await LaneHarness.start({
      handler: (event) => {
        if (poison.has(event.json().n)) throw new Error('poison');
      },
      handling: { retry: { ...POLICY, maxAttempts: 1 } },
      lane: { segments: { events: 20, bytes: 64 * 1024 }, signalsPerRun: 8 },
    });
    const runs = new Set<string>();
    await lanes.send('a', laneEvents(1, 5));
    for (let n = 6; n < 100; n += 5) {
      runs.add(await runIdOf(lanes, 'a'));
      await lanes.send('a', laneEvents(n, n + 4));
      // So that each run has its share.
      await eventually(async () => (await lanes.view('a')).waiting === n + 1);
    }
    poison.clear();
    await lanes.decide('a', 'retry', { by: 'ann' });
    await eventually(async () => (await lanes.view('a')).handled === 100);
    await eventually(async () => (await lanes.view('a')).segments === undefined);
    expect(runs.size).toBeGreaterThan(2);
    const [first, second] = [...runs] as [string, string];
    await record('lane-into-segments', firstRun(lanes, 'a', first));
    await record('lane-continued-with-segments', firstRun(lanes, 'a', second));
    await record('lane-out-of-segments', lanes.lane('a'));
    const segments = `WorkflowType = "segment" AND TaskQueue = "${lanes.taskQueue}" AND ExecutionStatus = "Completed"`;
    for await (const { workflowId } of lanes.client.workflow.list({ query: segments })) {
      await record('segment-of-lane', lanes.client.workflow.getHandle(workflowId));
      break;
    }
    await lanes.stop();
  });

  test('a lane whose backlog fills several segments at once', async () => {
    const poison = new Set([1]);
    const lanes = await LaneHarness.start({
      handler: (event) => {
        if (poison.has(event.json().n)) throw new Error('poison');
      },
      handling: { retry: { ...POLICY, maxAttempts: 1 } },
      lane: { segments: { events: 20, bytes: 64 * 1024 } },
    });
    await lanes.send('a', laneEvents(1, 150));
    await eventually(async () => ((await lanes.view('a')).segments?.count ?? 0) >= 6);
    poison.clear();
    await lanes.decide('a', 'retry', { by: 'ann' });
    await eventually(async () => (await lanes.view('a')).handled === 150);
    await record('lane-several-segments-at-once', lanes.lane('a'));
    await lanes.stop();
  });

  test('a lane that takes over from one with a backlog that was terminated', async () => {
    const poison = new Set([3]);
    const lane: Partial<LaneOptions> = { heartbeatTimeoutMs: 500, segments: { events: 20, bytes: 64 * 1024 } };
    const lanes = await LaneHarness.start({
      handler: (event) => {
        if (poison.has(event.json().n)) throw new Error('poison');
      },
      handling: { retry: { ...POLICY, maxAttempts: 1 } },
      lane,
    });
    for (let n = 1; n < 60; n += 5) await lanes.send('a', laneEvents(n, n + 4));
    await eventually(async () => (await lanes.view('a')).segments !== undefined);
    await lanes.stopWorker();
    await lanes.send('a', laneEvents(61, 65));
    await lanes.lane('a').terminate('by mistake');
    const { workflowId } = lanes.lane('a');
    const predecessor = (await endedRun(lanes.client, workflowId))!;
    const options = { ...DEFAULT_LANE_OPTIONS, ...lane };
    await lanes.client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
      workflowId,
      taskQueue: lanes.taskQueue,
      args: [{ version: 1, pipeline: lanes.pipeline, key: 'a', options, predecessor } satisfies LaneInput],
      signal: SIGNALS.records,
      signalArgs: [{ leaseUntil: Date.now() + 60_000, events: laneEvents(66, 70) }],
    });
    await lanes.startWorker();
    await eventually(async () => (await lanes.view('a')).waiting === 67);
    poison.clear();
    await lanes.decide('a', 'retry', { by: 'ann' });
    await eventually(async () => (await lanes.view('a')).handled === 70);
    await record('lane-took-over', lanes.lane('a'));
    await lanes.stop();
  });

  test('a quarantine that gets records, repeats and nonsense, and continues as new', async () => {
    const lanes = await LaneHarness.start({ handler: () => {} });
    const handle = lanes.client.workflow.getHandle(quarantineWorkflowId(lanes.pipeline));
    const runIdNow = async () => (await handle.describe()).runId;
    const put = (from: number, to: number) => lanes.quarantine(keylessRecords(from, to), { signalsPerRun: 4 });
    await put(1, 3);
    const first = await runIdNow();
    await put(2, 5);
    await handle.signal(SIGNALS.records, { records: 'none' });
    await put(6, 6);
    await eventually(async () => (await runIdNow()) !== first);
    const second = await runIdNow();
    await put(6, 8);
    await handle.cancel();
    await put(9, 9);
    await eventually(async () => (await handle.query<QuarantineView>(QUERIES.quarantine)).count === 9);
    await record('quarantine-continued-as-new', lanes.client.workflow.getHandle(handle.workflowId, first));
    await record('quarantine-continued', lanes.client.workflow.getHandle(handle.workflowId, second));
    await lanes.stop();
  });

  test('a quarantine with segments, of which each verb lets some records out', async () => {
    const it = await QuarantineHarness.start({
      key: (seen) => (Number(seen.position.sequenceNumber) % 2 === 0 ? 'even' : undefined),
      handler: () => {},
      limits: { segments: { events: 4, bytes: 64 * 1024 }, batch: 3 },
      signalsPerRun: 30,
    });
    const at = (n: number) => `${SHARD}:${n}`;
    for (let n = 1; n <= 10; n += 1) await it.put(keylessRecords(n, n));
    await eventually(async () => (await it.view()).count === 10);
    await it.decide('retry', { all: true, by: 'ann' });
    await it.decide('replace', { position: at(1), data: 'no key either' });
    await it.handle.signal('skip', { positions: [at(3), at(9)], by: 'ann' });
    await it.handle.signal('skip', { position: at(4) });
    await eventually(async () => (await it.view()).decisions.length === 4);
    const { runId } = await it.handle.describe();
    for (let n = 11; n <= 40; n += 1) await it.put(keylessRecords(n, n, `shardId-${n}`));
    await eventually(async () => (await it.handle.describe()).runId !== runId);
    const client = it.lanes.client.workflow;
    await record('quarantine-decided', client.getHandle(it.handle.workflowId, runId));
    const lane = it.lanes.lane('even');
    await eventually(async () => (await it.lanes.view('even')).handled === 5);
    await record('lane-brought-late', lane);
    const query = `WorkflowType = "segment" AND TaskQueue = "${it.lanes.taskQueue}" AND ExecutionStatus = "Completed"`;
    for await (const { workflowId } of client.list({ query })) {
      await record('segment-of-quarantine', client.getHandle(workflowId));
      break;
    }
    await it.stop();
  });
});

describe('recorded histories replay with the code of today', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  const textOf = (file: string) => readFileSync(`${FOLDER}${file}`, 'utf8');
  const recorded = files.map((file) => JSON.parse(textOf(file)) as RecordedHistory);

  test.each(Object.values(WORKFLOW_TYPES))('there is one of a %s', (type) => {
    expect(recorded.some((history) => typeOf(history) === type)).toBe(true);
  });

  // A patch that no history has is code that has never been replayed.
  test.each(patchesOfSources())('there is one of a $type that went through the patch $id', ({ type, id }) => {
    expect(recorded.some((history) => typeOf(history) === type && patchesOf(history).includes(id))).toBe(true);
  });

  let workflowBundle: WorkflowBundle;
  beforeAll(async () => {
    workflowBundle = await bundleWorkflows();
  });

  test.each(files)('%s', async (file) => {
    const history: unknown = JSON.parse(textOf(file));
    await Worker.runReplayHistory({ workflowBundle }, history);
  });
});

interface RecordedHistory {
  readonly events: readonly {
    readonly workflowExecutionStartedEventAttributes?: { readonly workflowType: { readonly name: string } };
    readonly markerRecordedEventAttributes?: {
      readonly markerName: string;
      readonly details: Readonly<Record<string, { readonly payloads: readonly { readonly data: string }[] }>>;
    };
  }[];
}

function typeOf({ events }: RecordedHistory): string | undefined {
  return events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name;
}

function patchesOf({ events }: RecordedHistory): string[] {
  return events.flatMap(({ markerRecordedEventAttributes: marker }) => {
    if (marker?.markerName !== 'core_patch') return [];
    return (marker.details['patch-data']?.payloads ?? []).map(
      ({ data }) => (JSON.parse(Buffer.from(data, 'base64').toString()) as { id: string }).id,
    );
  });
}

/** Every patch in workflow code, with the kind of workflow, which is the folder's name. */
function patchesOfSources(): { readonly type: string; readonly id: string }[] {
  return sourceFiles()
    .filter((file) => file.startsWith('workflows/'))
    .flatMap((file) =>
      [...sourceOf(file).matchAll(/\bpatched\((?<id>[^)]*)\)/g)].map(({ groups }) => ({
        type: file.split('/')[1] ?? '',
        id: groups?.['id']?.replaceAll("'", '') ?? '',
      })),
    );
}
