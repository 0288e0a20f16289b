import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import type { Decision, VerbArgs } from '../../contracts/lane/decision.ts';
import { parsePoolKeyView } from '../../contracts/pool/view-shapes.ts';
import { poolWorkflowId, QUERIES, type VerbName } from '../../contracts/names.ts';
import { poolOf } from '../../contracts/pool/pool-of.ts';
import type { DecideArgs } from '../../contracts/pool/messages.ts';
import type { PoolKeyView } from '../../contracts/pool/view.ts';
import { readRejection } from '../../contracts/rejection.ts';
import { NoSuchLaneError, NothingToDecideError } from '../errors.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import { askWorkflow } from '../../temporal/query.ts';
import { rejectionIn } from '../../temporal/rejected.ts';

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
const DECIDE_TIMEOUT_MS = 120_000;

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
    const view = await askWorkflow(client, {
      workflowId,
      query: QUERIES.key,
      args: [key],
      parse: parsePoolKeyView,
      timeoutMs,
    });
    return { pipeline, key, pool, workflowId, view };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new NoSuchLaneError(pipeline, key, undefined, { cause: error });
    throw error;
  }
}

/**
 * Has a pool carry out a verb on a key that has no lane of its own: it gets one, which keeps the decision. Resolves
 * when that has begun.
 * @throws {NoSuchLaneError}
 * @throws {NothingToDecideError}
 * @throws {NoWorkerError} if it is not known whether it will
 */
export async function decidePooledKey(
  client: Client,
  named: PooledKey,
  verb: VerbName,
  args: VerbArgs,
): Promise<Decision> {
  const { pipeline, key, pools } = named;
  const workflowId = poolWorkflowId(pipeline, poolOf(key, pools));
  let decision: Decision;
  try {
    decision = await client.withDeadline(Date.now() + DECIDE_TIMEOUT_MS, () =>
      client.workflow
        .getHandle(workflowId)
        .executeUpdate<Decision, [DecideArgs]>('decide', { updateId: randomUUID(), args: [{ ...args, key, verb }] }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new NoSuchLaneError(pipeline, key, undefined, { cause: error });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      const later = 'The request may still be carried out later: check with `keylane show` before trying again.';
      throw new NoWorkerError(workflowId, undefined, later, { cause: error });
    }
    const rejected = rejectionIn(error);
    if (rejected === undefined) throw error;
    throw new NothingToDecideError(verb, pipeline, key, rejected, { cause: error });
  }
  if (decision.outcome === 'done') return decision;
  throw new NothingToDecideError(verb, pipeline, key, readRejection(decision));
}
