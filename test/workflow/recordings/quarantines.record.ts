/** Records histories of quarantines, which test/workflow/replay.test.ts replays. */
import { beforeAll, test } from 'vitest';
import { QUERIES, quarantineWorkflowId, SIGNALS } from '../../../contracts/names.ts';
import type { QuarantineView } from '../../../contracts/quarantine/view.ts';
import { installRuntime } from '../../../worker/runtime.ts';
import { eventually } from '../../support/eventually.ts';
import { keylessRecords, SHARD } from '../../support/lane-events.ts';
import { LaneHarness } from '../../support/lane-harness.ts';
import { log } from '../../support/log.ts';
import { QuarantineHarness } from '../../support/quarantine-harness.ts';
import { record, withoutPaths } from '../../support/recording.ts';

beforeAll(() => {
  installRuntime(log);
  withoutPaths();
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
  const harness = await QuarantineHarness.start({
    key: (seen) => (Number(seen.position.sequenceNumber) % 2 === 0 ? 'even' : undefined),
    handler: () => {},
    limits: { segments: { events: 4, bytes: 64 * 1024 }, batch: 3 },
    signalsPerRun: 30,
  });
  const at = (n: number) => `${SHARD}:${n}`;
  for (let n = 1; n <= 10; n += 1) await harness.put(keylessRecords(n, n));
  await eventually(async () => (await harness.view()).count === 10);
  await harness.decide('retry', { all: true, by: 'ann' });
  await harness.decide('replace', { position: at(1), data: 'no key either' });
  await harness.handle.signal('skip', { positions: [at(3), at(9)], by: 'ann' });
  await harness.handle.signal('skip', { position: at(4) });
  await eventually(async () => (await harness.view()).decisions.length === 4);
  const { runId } = await harness.handle.describe();
  for (let n = 11; n <= 40; n += 1) await harness.put(keylessRecords(n, n, `shardId-${n}`));
  await eventually(async () => (await harness.handle.describe()).runId !== runId);
  const client = harness.lanes.client.workflow;
  await record('quarantine-decided', client.getHandle(harness.handle.workflowId, runId));
  const lane = harness.lanes.lane('even');
  await eventually(async () => (await harness.lanes.view('even')).handled === 5);
  await record('lane-with-redriven-records', lane);
  const query = `WorkflowType = "segment" AND TaskQueue = "${harness.lanes.taskQueue}" AND ExecutionStatus = "Completed"`;
  for await (const { workflowId } of client.list({ query })) {
    await record('segment-of-quarantine', client.getHandle(workflowId));
    break;
  }
  await harness.stop();
});
