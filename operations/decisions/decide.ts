import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import type { Decision, VerbArgs } from '../../contracts/lane/decision.ts';
import type { VerbName } from '../../contracts/names.ts';
import { readRejection } from '../../contracts/rejection.ts';
import { visibleText } from '../../lib/pure/visible.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import { GRPC, grpcFailure } from '../../temporal/grpc.ts';
import { rejectionIn } from '../../temporal/rejected.ts';
import { DecisionFailedError, DecisionPendingError, NoSuchLaneError, NothingToDecideError } from '../errors.ts';
import { describeLane, endOf } from '../lanes/lane-view.ts';
import { decidePooledKey, pooledKeyView } from '../pools/pooled-key.ts';
import { recoverLane } from './recover-lane.ts';

export interface Verdict {
  readonly pipeline: string;
  readonly key: string;
  readonly verb: VerbName;
  readonly args: VerbArgs;
  /** Of the pipeline; undefined when each key has a lane of its own. */
  readonly pools?: number | undefined;
  /** How long a worker may take to accept it. */
  readonly timeoutMs?: number;
}

const ACCEPT_TIMEOUT_MS = 10_000;
const ASK_AGAIN_MS = 200;
/** A running handler is asked to stop first, which may take a while. */
const RESULT_TIMEOUT_MS = 120_000;
const NOT_CONFIRMED =
  'The request may still be carried out when one starts: check with `keylane show` before trying again.';

/**
 * Has a lane carry out a verb, and returns the lane's decision (O11). A key that has no lane of its own gets one when there is
 * something to decide: when its first event fails in its pool, or when it is paused.
 * @throws {NoSuchLaneError}
 * @throws {NothingToDecideError} if it changed nothing
 * @throws {NoWorkerError} if it is not known whether it will
 * @throws {DecisionPendingError} if it will, later
 */
export async function decide(client: Client, verdict: Verdict): Promise<Decision> {
  const { args, key, pipeline, pools, verb } = verdict;
  if (pools === undefined) return await decideInRecovered(client, verdict);
  try {
    return await decideInRecovered(client, verdict);
  } catch (error) {
    // A lane that is about to close rejects verbs, too.
    if (!(error instanceof NoSuchLaneError || error instanceof NothingToDecideError)) throw error;
    const { view } = await pooledKeyView(client, { pipeline, key, pools });
    if (view.where === 'lane') throw error;
    return await decidePooledKey(client, { pipeline, key, pools }, verb, args);
  }
}

/** A lane that was terminated is started again first, with all that it held. */
async function decideInRecovered(client: Client, verdict: Verdict): Promise<Decision> {
  try {
    return await decideInLane(client, verdict);
  } catch (error) {
    if (!(error instanceof NoSuchLaneError) || !(await recoverLane(client, verdict))) throw error;
    return await decideInLane(client, verdict);
  }
}

async function decideInLane(client: Client, verdict: Verdict): Promise<Decision> {
  const { pipeline, key, verb, timeoutMs = ACCEPT_TIMEOUT_MS } = verdict;
  try {
    const update = await ask(client, verdict, timeoutMs);
    const decision = await result(client, verdict, update);
    if (decision.outcome === 'done') return decision;
    throw new NothingToDecideError(verb, pipeline, key, readRejection(decision));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw await whyNotFound(client, verdict, error);
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    const rejected = rejectionIn(error);
    if (rejected !== undefined) throw new NothingToDecideError(verb, pipeline, key, rejected, { cause: error });
    const why = visibleText(error.cause?.message ?? error.message);
    throw new DecisionFailedError(verb, pipeline, key, why, { cause: error });
  }
}

async function ask(client: Client, verdict: Verdict, timeoutMs: number): Promise<WorkflowUpdateHandle<Decision>> {
  const workflowId = laneWorkflowId(verdict.pipeline, verdict.key);
  const until = Date.now() + timeoutMs;
  // The same for each attempt: the lane carries it out once.
  const updateId = randomUUID();
  for (;;) {
    try {
      return await client.withDeadline(until, () =>
        client.workflow.getHandle(workflowId).startUpdate<Decision, [VerbArgs]>(verdict.verb, {
          updateId,
          args: [verdict.args],
          waitForStage: 'ACCEPTED',
        }),
      );
    } catch (error) {
      if (isNotAccepted(error) && Date.now() < until) {
        await delay(ASK_AGAIN_MS);
        continue;
      }
      if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
      const { taskQueue } = await describeLane(client, verdict.pipeline, verdict.key);
      throw new NoWorkerError(workflowId, taskQueue, NOT_CONFIRMED, { cause: error });
    }
  }
}

/**
 * The workflow task that would have delivered the verb failed, for example because the lane received records while it
 * continued as new. The verb has not been accepted.
 */
function isNotAccepted(error: unknown): boolean {
  return grpcFailure(error)?.code === GRPC.failedPrecondition;
}

async function result(
  client: Client,
  { verb, pipeline, key }: Verdict,
  update: WorkflowUpdateHandle<Decision>,
): Promise<Decision> {
  try {
    return await client.withDeadline(Date.now() + RESULT_TIMEOUT_MS, () => update.result());
  } catch (error) {
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
    throw new DecisionPendingError(verb, pipeline, key, { cause: error });
  }
}

/** Distinguishes a closed lane from an unknown key, for as long as Temporal keeps closed workflows. */
async function whyNotFound(client: Client, { pipeline, key }: Verdict, cause: Error): Promise<Error> {
  try {
    const ended = endOf(await describeLane(client, pipeline, key));
    const when = ended?.at === undefined ? '' : ` ${new Date(ended.at).toISOString()}`;
    const how = ended?.how === 'COMPLETED' ? 'it was closed when idle' : `it was terminated externally (${ended?.how})`;
    return new NoSuchLaneError(pipeline, key, `${how}${when}. The key's next event starts a new one.`, { cause });
  } catch (error) {
    return error instanceof NoSuchLaneError ? error : cause;
  }
}
