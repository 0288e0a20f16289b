/** Recovery of a quarantine that was terminated externally, on a real Temporal server. */
import { afterEach, describe, expect, test } from 'vitest';
import { readQuarantineCheckpoint } from '../../activities/questions/quarantine-checkpoint.ts';
import { endedRun } from '../../temporal/latest-run.ts';
import { WORKFLOW_TYPES } from '../../contracts/names.ts';
import { QUARANTINE_MARK } from '../../contracts/quarantine/record.ts';
import type { KeyableRecord } from '../../contracts/public/record.ts';
import { eventually } from '../support/eventually.ts';
import { keylessRecords, SHARD } from '../support/lane-events.ts';
import { QuarantineHarness } from '../support/quarantine-harness.ts';

let harness: QuarantineHarness;

afterEach(() => harness.stop());

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const at = (n: number) => `${SHARD}:${n}`;
const numberOf = (record: KeyableRecord) => (record.json() as { n: number }).n;

async function openSegments(): Promise<number> {
  const { client, taskQueue } = harness.lanes;
  const query = `WorkflowType = "${WORKFLOW_TYPES.segment}" AND TaskQueue = "${taskQueue}" AND ExecutionStatus = "Running"`;
  return (await client.workflow.count(query)).count;
}

describe('a quarantine that is terminated externally', () => {
  test('O4 O5 O6 O11 is taken over: records, segments, decisions, marks, and what was on its way to a lane', async () => {
    const seen: number[] = [];
    let isLost = true;
    let lost = 0;
    harness = await QuarantineHarness.start({
      key: (record) => (numberOf(record) % 2 === 0 ? 'even' : undefined),
      handler: (event) => void seen.push(event.json().n),
      limits: { segments: { events: 10, bytes: 64 * 1024 } },
      signalsPerRun: 20,
      afterSend: () => {
        if (!isLost) return;
        lost += 1;
        throw new Error('the answer is lost');
      },
    });
    await harness.put(keylessRecords(1, 25));
    await harness.decide('skip', { position: at(3), by: 'ann', reason: 'a test' });
    const broken = harness.decide('retry', { positions: [at(2), at(4)], by: 'bob' }).catch(() => undefined);
    await eventually(() => lost > 1);
    await harness.handle.signal('skip', { all: true, by: 'eve' });
    await eventually(async () => (await harness.view()).pending.length === 2);
    await harness.handle.terminate('by mistake');
    await broken;
    const { client, pipeline } = harness.lanes;
    const { redrivingFrom = 0 } = await harness.view();
    const position = { shardId: QUARANTINE_MARK, sequenceNumber: String(redrivingFrom - 1) };
    expect(await readQuarantineCheckpoint(client, pipeline)).toEqual({ ended: false, position });

    await harness.lanes.stopWorker();
    await harness.put(keylessRecords(24, 27));
    await eventually(async () => (await harness.handle.describe()).status.name === 'RUNNING');
    await harness.handle.terminate('once more, before a worker has seen it');
    await harness.put(keylessRecords(26, 30));
    await harness.lanes.startWorker();
    isLost = false;
    await eventually(async () => (await harness.view()).count === 27, 60_000);
    await eventually(async () => (await harness.view()).pending.length === 0);
    const { decisions } = await harness.view();
    expect(decisions.map(({ by, decided, outcome }) => [by, outcome, decided])).toEqual([
      ['ann', 'done', 1],
      ['eve', 'refused', 0],
      ['bob', 'done', 2],
    ]);
    for (const { why } of decisions.slice(1)) expect(why).toContain('terminated externally (TERMINATED)');
    for (let n = 31; n <= 60; n += 1) await harness.put(keylessRecords(n, n));
    await eventually(async () => (await harness.view()).count === 57);
    expect(await harness.decide('retry', { all: true })).toMatchObject({ decided: 28, kept: 29 });
    await eventually(() => seen.length === 30);
    expect(seen).toEqual(numbers(1, 60).filter((n) => n % 2 === 0));
    await harness.decide('skip', { all: true });
    expect((await harness.view()).count).toBe(0);
    await eventually(async () => (await openSegments()) === 0);
  }, 120_000);

  test('O5 tells what is lost when the run is gone, until a person has heard of it', async () => {
    harness = await QuarantineHarness.start({ key: () => undefined, handler: () => {} });
    await harness.put(keylessRecords(1, 5));
    await eventually(async () => (await harness.view()).count === 5);
    await harness.handle.terminate('by mistake');
    const { client, pipeline } = harness.lanes;
    const predecessor = await endedRun(client, harness.handle.workflowId);
    const { namespace } = client.options;
    const workflowExecution = { workflowId: harness.handle.workflowId };
    await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
    await eventually(async () => (await endedRun(client, harness.handle.workflowId)) === undefined);
    await harness.lanes.quarantine(keylessRecords(6, 6), predecessor === undefined ? {} : { predecessor });
    await eventually(async () => (await harness.view()).lost !== undefined);
    expect(await harness.view()).toMatchObject({ count: 1, lost: expect.stringContaining('TERMINATED at') });
    expect(await readQuarantineCheckpoint(client, pipeline)).toEqual({ ended: true });
    expect(await harness.decide('skip', { position: at(6) })).toMatchObject({ decided: 1 });
    expect((await harness.view()).lost).toContain('could not be read');
    await expect(harness.decide('retry', { all: true })).rejects.toThrow();
    const read = await harness.decide('skip', { all: true, by: 'ann' });
    expect(read).toMatchObject({ outcome: 'done', decided: 0, why: expect.stringContaining('could not be read') });
    expect((await harness.view()).lost).toBeUndefined();
  });
});
