/** A pool that gets no further workflow task, with a request to the lane of a key in flight. */
import type { LaneEvent } from '../../contracts/event/event.ts';
import { DEFAULT_LANE_OPTIONS } from '../../contracts/lane/options.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { NEW_KEY } from '../../contracts/lane/key-state.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { poolWorkflowId, SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { DEFAULT_POOL_OPTIONS } from '../../contracts/pool/options.ts';
import type { PoolInput } from '../../contracts/pool/messages.ts';
import { firstLane } from '../../workflows/pool/moved/first-lane.ts';
import { MovedKeys, type LaneCommand } from '../../workflows/pool/moved/moved-keys.ts';
import { emptyPool } from '../../workflows/pool/recovery.ts';
import { laneEvent } from './lane-events.ts';
import type { LaneHarness } from './lane-harness.ts';

export const KEY = 'a';
const LANE = { ...DEFAULT_LANE_OPTIONS, heartbeatTimeoutMs: 500 };
const POOL = { ...DEFAULT_POOL_OPTIONS, heartbeatTimeoutMs: 500, lane: LANE };

export const eventOf = (n: number): LaneEvent => laneEvent(n, undefined, { n });

/** One key, with its first events, that is about to have a lane. */
export function movedOut(count = 1): MovedKeys {
  const moved = new MovedKeys({});
  const queue = Array.from({ length: count }, (_, index) => eventOf(index + 1));
  moved.moveOut(KEY, NEW_KEY, queue, 'this start');
  return moved;
}

/** The same, whose lane has begun, and to which event 2 is to be forwarded. */
export function toForward(): { readonly moved: MovedKeys; readonly start: LaneCommand } {
  const moved = movedOut();
  const start = moved.start()!;
  moved.succeeded(start);
  moved.add(KEY, eventOf(2));
  return { moved, start };
}

/** The pool, whose last task has sent out what is on its way by now. */
export async function startPool({ client, pipeline, taskQueue }: LaneHarness, moved: MovedKeys): Promise<void> {
  const carried = { ...emptyPool(0), moved: moved.toMoved() };
  const input: PoolInput = { version: 1, pipeline, options: POOL, carried };
  await client.workflow.start(WORKFLOW_TYPES.pool, {
    workflowId: poolWorkflowId(pipeline, 0),
    taskQueue: `${taskQueue}-without-a-worker`,
    args: [input],
  });
}

/** As the pool does. What is forwarded comes with it. */
export async function startLane(
  { client, pipeline, taskQueue }: LaneHarness,
  command: LaneCommand | undefined,
  forward?: LaneCommand,
): Promise<void> {
  if (command?.kind !== 'start' || command.start.kind !== 'fresh') throw new Error('No lane is to begin');
  const { id } = command.start;
  const lane = firstLane(command.start, Date.now());
  const pool = poolWorkflowId(pipeline, 0);
  const input: LaneInput = { version: 1, pipeline, key: KEY, options: LANE, pool, carried: lane };
  const events = forward?.kind === 'forward' ? forward.events : [];
  await client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId: laneWorkflowId(pipeline, KEY),
    taskQueue,
    memo: { key: KEY, startId: id },
    args: [input],
    signal: SIGNALS.records,
    signalArgs: [{ leaseUntil: Number.MAX_SAFE_INTEGER, events }],
  });
}
