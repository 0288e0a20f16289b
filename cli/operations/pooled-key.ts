import { randomUUID } from 'node:crypto';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NOTHING_TO_DECIDE, type Decision, type VerbArgs } from '../../contracts/lane.ts';
import { poolWorkflowId, QUERIES } from '../../contracts/names.ts';
import { poolOf } from '../../contracts/pool-of.ts';
import type { PauseSignal, PoolKeyView } from '../../contracts/pool.ts';
import { NoSuchLaneError, NothingToDecideError, NoWorkerError } from './errors.ts';
import { askWorkflow } from './query.ts';

/** A key of a pipeline whose keys share pools. */
export interface PooledKey {
  readonly pipeline: string;
  readonly key: string;
  /** Of the pipeline. */
  readonly pools: number;
}

export interface ObservedPooledKey {
  readonly pipeline: string;
  readonly key: string;
  readonly pool: number;
  readonly workflowId: string;
  readonly view: PoolKeyView;
}

const TIMEOUT_MS = 10_000;
/** An event of the key may be running, and the lane has to begin. */
const PAUSE_TIMEOUT_MS = 120_000;

/**
 * What the pool of a key says of it.
 * @throws {NoSuchLaneError} when the pool has never had an event
 * @throws {NoWorkerError}
 */
export async function pooledKeyView(
  client: Client,
  { pipeline, key, pools }: PooledKey,
  timeoutMs: number = TIMEOUT_MS,
): Promise<ObservedPooledKey> {
  const pool = poolOf(key, pools);
  const workflowId = poolWorkflowId(pipeline, pool);
  try {
    const view = await askWorkflow<PoolKeyView>(client, { workflowId, query: QUERIES.key, args: [key], timeoutMs });
    return { pipeline, key, pool, workflowId, view };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new NoSuchLaneError(pipeline, key, undefined, { cause: error });
    throw error;
  }
}

/**
 * Has a pool give a healthy key a lane of its own, which is paused. Resolves when that has begun.
 * @throws {NoSuchLaneError}
 * @throws {NothingToDecideError}
 * @throws {NoWorkerError} if it is not known whether it will
 */
export async function pausePooledKey(client: Client, named: PooledKey, args: VerbArgs): Promise<Decision> {
  const { pipeline, key, pools } = named;
  const workflowId = poolWorkflowId(pipeline, poolOf(key, pools));
  const { by = 'unknown', reason } = args;
  const pause: PauseSignal = { key, by, ...(reason === undefined ? {} : { reason }) };
  try {
    await client.withDeadline(Date.now() + PAUSE_TIMEOUT_MS, () =>
      client.workflow
        .getHandle(workflowId)
        .executeUpdate<void, [PauseSignal]>('pause', { updateId: randomUUID(), args: [pause] }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new NoSuchLaneError(pipeline, key, undefined, { cause: error });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      const later = 'The key may still be paused later: look with `keylane show` before asking again.';
      throw new NoWorkerError(workflowId, undefined, later, { cause: error });
    }
    const why = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    if (!(why instanceof ApplicationFailure) || why.type !== NOTHING_TO_DECIDE) throw error;
    throw new NothingToDecideError('pause', pipeline, key, why.message.replace(/^Nothing to \w+: /, ''), {
      cause: error,
    });
  }
  const states = { stateBefore: 'idle', stateAfter: 'paused' } as const;
  return { verb: 'pause', outcome: 'done', at: Date.now(), by, ...states, ...(reason === undefined ? {} : { reason }) };
}
