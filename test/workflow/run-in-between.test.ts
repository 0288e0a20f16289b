/**
 * Two bridges start a run at once, and the first one's run is terminated before the second one starts its own, on a real
 * Temporal server.
 */
import type { Client, WorkflowSignalWithStartOptions } from '@temporalio/client';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/node/clock.ts';
import type { DeliveryBatch } from '../../bridge/deliver/gateway.ts';
import { HistoryBudget } from '../../bridge/temporal/history-budget.ts';
import { OutageLog } from '../../bridge/deliver/outage-log.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';
import { TemporalGateway } from '../../bridge/temporal/temporal-gateway.ts';
import { ThrottleLog } from '../../bridge/deliver/throttle-log.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { DEFAULT_LANE_OPTIONS } from '../../contracts/lane/options.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { poolWorkflowId, quarantineWorkflowId, QUERIES, SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { DEFAULT_POOL_OPTIONS } from '../../contracts/pool/options.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import { DEFAULT_HISTORY_LIMITS } from '../../contracts/pipeline/history-limits.ts';
import { eventually } from '../support/eventually.ts';
import { keylessRecords, laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';

const never = new AbortController().signal;
const LANE = { ...DEFAULT_LANE_OPTIONS, heartbeatTimeoutMs: 500 };

let lanes: LaneHarness;
let seen: number[];

beforeEach(async () => {
  seen = [];
  lanes = await LaneHarness.start({
    handler: (event) => void seen.push((event.json() as { n: number }).n),
    lane: LANE,
  });
});
afterEach(() => lanes.stop());

/** The bridge of another process. */
function bridge(client: Client = lanes.client): TemporalGateway {
  const log = pino({ level: 'silent' });
  return new TemporalGateway({
    client,
    pipeline: lanes.pipeline,
    taskQueue: lanes.taskQueue,
    lane: LANE,
    pool: { ...DEFAULT_POOL_OPTIONS, heartbeatTimeoutMs: 500, lane: LANE },
    requestTimeoutMs: 60_000,
    outage: new OutageLog(log, 'Temporal'),
    throttling: new ThrottleLog(log),
    historyBudget: new HistoryBudget({ limits: DEFAULT_HISTORY_LIMITS, log, clock: systemClock }),
    runs: new RecentMap(),
    log,
    clock: systemClock,
  });
}

/** A client whose requests to start a run after another one wait until `opened`. */
function slowToStart(asked: () => void, opened: Promise<void>): Client {
  const { client } = lanes;
  const signalWithStart = async (type: string, options: WorkflowSignalWithStartOptions<never[]>) => {
    if (options.workflowIdReusePolicy === 'ALLOW_DUPLICATE') {
      asked();
      await opened;
    }
    return await client.workflow.signalWithStart(type, options as never);
  };
  return withProperty(client, 'workflow', withProperty(client.workflow, 'signalWithStart', signalWithStart));
}

function withProperty<T extends object>(target: T, name: string, value: unknown): T {
  return new Proxy(target, {
    get: (of, key) => {
      if (key === name) return value;
      const found: unknown = Reflect.get(of, key, of);
      return typeof found === 'function' ? (found as () => unknown).bind(of) : found;
    },
  });
}

/** What is sent, with the nth event or record of the shard. */
const KINDS = {
  lane: (n: number): DeliveryBatch => ({ to: 'lane', key: 'a', events: [laneEvent(n)] }),
  pool: (n: number): DeliveryBatch => ({ to: 'pool', pool: 0, events: [{ key: 'a', ...laneEvent(n) }] }),
  quarantine: (n: number): DeliveryBatch => ({ to: 'quarantine', records: keylessRecords(n, n) }),
};

describe.each(['lane', 'pool', 'quarantine'] as const)('a %s', (kind) => {
  const workflowId = () => {
    if (kind === 'lane') return laneWorkflowId(lanes.pipeline, 'a');
    return kind === 'pool' ? poolWorkflowId(lanes.pipeline, 0) : quarantineWorkflowId(lanes.pipeline);
  };
  const request = (n: number) => ({ ...KINDS[kind](n), leaseUntil: Date.now() + 60_000, attempt: 1 });
  const terminate = async () => void (await lanes.client.workflow.getHandle(workflowId()).terminate('by mistake'));

  test('O4 O5 recovers what a run in between was sent (fault B16)', async () => {
    await lanes.stopWorker();
    let open = (): void => {};
    let asked = (): void => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    await bridge().send(request(1), never);
    await terminate();
    const late = bridge(slowToStart(asked, opened)).send(request(3), never);
    await isAsked;
    await bridge().send(request(2), never);
    await terminate();
    open();
    await late;
    await lanes.startWorker();
    await eventually(async () => {
      if (kind !== 'quarantine') return seen.length >= 3;
      const view = await lanes.client.workflow.getHandle(workflowId()).query<QuarantineView>(QUERIES.quarantine);
      seen = view.records.map(({ position }) => Number(position.sequenceNumber));
      return view.recovering === undefined && seen.length > 0;
    }, 30_000);
    expect(seen).toEqual([1, 2, 3]);
  });
});

test('O4 O5: a lane that is started late after one that had completed recovers what a run in between was sent (fault B16)', async () => {
  const { client, pipeline, taskQueue } = lanes;
  const workflowId = laneWorkflowId(pipeline, 'a');
  const begin = async (n: number, more: Partial<LaneInput>) => {
    const input: LaneInput = { version: 1, pipeline, key: 'a', options: LANE, ...more };
    await client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
      workflowId,
      taskQueue,
      args: [input],
      signal: SIGNALS.records,
      signalArgs: [{ leaseUntil: Date.now() + 60_000, events: [laneEvent(n)] }],
    });
  };
  await begin(1, {});
  await eventually(() => seen.length === 1);
  const first = client.workflow.getHandle(workflowId);
  const { runId } = await first.describe();
  await first.cancel();
  await eventually(async () => (await first.describe()).status.name === 'COMPLETED');
  await lanes.stopWorker();
  const after = { runId, seenAt: Date.now() - 60_000 };
  await begin(2, { after: { runId, seenAt: Date.now() } });
  await client.workflow.getHandle(workflowId).terminate('by mistake');
  await begin(3, { after });
  await lanes.startWorker();
  await eventually(() => seen.length >= 3, 30_000);
  expect(seen).toEqual([1, 2, 3]);
});
