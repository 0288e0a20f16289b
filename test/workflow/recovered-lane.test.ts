/** Lanes that are terminated at inconvenient moments, on a real Temporal server: the next run recovers everything that they held. */
import { WorkflowIdConflictPolicy, type WorkflowHandle } from '@temporalio/client';
import { afterEach, describe, expect, test } from 'vitest';
import { readSlice } from '../../temporal/segment-events.ts';
import { endedRun } from '../../temporal/latest-run.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvent, laneEvents, SHARD } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';

const OPTIONS: Partial<LaneOptions> = { heartbeatTimeoutMs: 500 };

let lanes: LaneHarness;
let seen: Map<string, number[]>;
let poison: Set<number>;
let gate: Promise<void> | undefined;

afterEach(() => lanes.stop());

async function start(options: Partial<LaneOptions> = {}): Promise<void> {
  seen = new Map();
  poison = new Set();
  gate = undefined;
  lanes = await LaneHarness.start({
    handler: async (event, { signal }) => {
      const { n } = event.json() as { n: number };
      if (poison.has(n)) throw new Error('poison');
      await Promise.race([gate, aborted(signal)]);
      seen.set(event.key, [...(seen.get(event.key) ?? []), n]);
    },
    handling: { retry: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 } },
    lane: { ...OPTIONS, ...options },
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** As a bridge does when the key's lane was terminated. */
async function sendNext(key: string, events: readonly LaneEvent[]): Promise<WorkflowHandle> {
  const workflowId = laneWorkflowId(lanes.pipeline, key);
  const predecessor = await endedRun(lanes.client, workflowId);
  expect(predecessor).toMatchObject({ how: 'TERMINATED' });
  const options = { ...DEFAULT_LANE_OPTIONS, ...OPTIONS };
  const input: LaneInput = { version: 1, pipeline: lanes.pipeline, key, options, ...(predecessor && { predecessor }) };
  return await lanes.client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    taskQueue: lanes.taskQueue,
    args: [input],
    signal: SIGNALS.records,
    signalArgs: [{ leaseUntil: Date.now() + 60_000, events }],
  });
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function largeEvents(from: number, to: number): LaneEvent[] {
  const pad = '#'.repeat(12_000);
  return numbers(from, to).map((n) => Object.assign(laneEvent(n, SHARD, { n, pad }), { size: pad.length }));
}

async function sendLarge(from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 20) await lanes.send('a', largeEvents(n, Math.min(to, n + 19)));
}

const isBlockedAt = (key: string, n: number) => async () => {
  const { head, phase } = await lanes.view(key);
  return phase.state === 'blocked' && head?.position.sequenceNumber === String(n);
};

describe('O1 O4 O5 a lane that is terminated', { timeout: 120_000 }, () => {
  test('while it handles events, and holds more than Temporal takes in one answer, is recovered completely', async () => {
    await start();
    let open = (): void => {};
    gate = new Promise((resolve) => (open = resolve));
    await sendLarge(1, 300);
    await eventually(async () => (await lanes.view('a')).waiting === 299);
    // More than one page of signals, which no workflow task processes.
    await lanes.stopWorker();
    await sendLarge(301, 360);
    await lanes.lane('a').terminate('by mistake');
    await sendNext('a', largeEvents(361, 361));
    gate = undefined;
    open();
    seen.clear();
    await lanes.startWorker();
    await eventually(() => seen.get('a')?.length === 361, 60_000);
    expect(seen.get('a')).toEqual(numbers(1, 361));
  });

  test('is recovered before a verb that was sent to the next run acts; a malformed signal does not prevent it', async () => {
    await start();
    poison.add(1);
    await lanes.send('a', laneEvents(1, 3));
    await eventually(isBlockedAt('a', 1));
    await lanes.stopWorker();
    await lanes.lane('a').signal(SIGNALS.records, { events: 'none' });
    await lanes.lane('a').terminate('by mistake');
    const next = await sendNext('a', laneEvents(4, 4));
    await next.signal('skip', { by: 'ann' });
    await lanes.startWorker();
    expect((await lanes.view('a')).recovering).toMatchObject({ how: 'TERMINATED' });
    const decision = await lanes.decide('a', 'pause', { by: 'bob' });
    expect(decision).toMatchObject({ outcome: 'done', by: 'bob' });
    const { decisions, recovering } = await lanes.view('a');
    expect(recovering).toBeUndefined();
    expect(decisions).toMatchObject([
      { verb: 'skip', outcome: 'done', by: 'ann', position: `${SHARD}:1` },
      { verb: 'pause', outcome: 'done' },
    ]);
    await lanes.decide('a', 'resume');
    await eventually(() => seen.get('a')?.length === 3);
    expect(seen.get('a')).toEqual([2, 3, 4]);
  });
});

test('O5: an answer about an unknown namespace does not mean that a segment is gone', async () => {
  await start();
  const slice = { segment: 'none', from: 0, limits: { events: 1, bytes: 1 } };
  await expect(readSlice(lanes.client, slice)).rejects.toThrow('does not have segment none any more');
  const elsewhere = { ...lanes.client.options, namespace: 'not-there' };
  const client = Object.create(lanes.client, { options: { value: elsewhere } }) as typeof lanes.client;
  await expect(readSlice(client, slice)).rejects.toThrow(/^(?!.*any more)/);
});
