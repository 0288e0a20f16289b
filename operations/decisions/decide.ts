import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { NOTHING_TO_DECIDE, type Decision, type VerbArgs } from '../../contracts/lane/decision.ts';
import type { VerbName } from '../../contracts/names.ts';
import { visibleText } from '../../lib/pure/visible.ts';
import { DecisionPendingError, NoSuchLaneError, NothingToDecideError } from '../errors.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import { GRPC, grpcFailure } from '../../temporal/grpc.ts';
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
/** A handler that is running is asked to stop first, and may take its time for that. */
const RESULT_TIMEOUT_MS = 120_000;
const NOT_CONFIRMED =
  'The request may still be carried out when one comes up: look with `keylane show` before asking again.';

/**
 * Has a lane carry out a verb, and tells what came of it (O11). A key that has no lane of its own gets one when there is something
 * to decide: when its first event fails in its pool, or it is to be paused.
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
    // Refused also by a lane that is just about to end.
    if (!(error instanceof NoSuchLaneError || error instanceof NothingToDecideError)) throw error;
    const { view } = await pooledKeyView(client, { pipeline, key, pools });
    if (view.where === 'lane') throw error;
    return await decidePooledKey(client, { pipeline, key, pools }, verb, args);
  }
}

/** A lane that was terminated is begun again first, with all that it held. */
async function decideInRecovered(client: Client, verdict: Verdict): Promise<Decision> {
  try {
    return await decideInLane(client, verdict);
  } catch (error) {
    if (!(error instanceof NoSuchLaneError) || !(await recoverLane(client, verdict))) throw error;
    return await decideInLane(client, verdict);
  }
}

async function decideInLane(client: Client, verdict: Verdict): Promise<Decision> {
  const { pipeline, key, verb, args, timeoutMs = ACCEPT_TIMEOUT_MS } = verdict;
  try {
    const update = await ask(client, verdict, timeoutMs);
    const decision = await result(client, verdict, update);
    if (decision.outcome === 'done') return decision;
    throw new NothingToDecideError(verb, pipeline, key, decision.why ?? 'the lane refused it');
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw await whyNotFound(client, verdict, error);
    if (error instanceof WorkflowUpdateFailedError && isNothingToDecide(error.cause)) {
      const why = error.cause.message.replace(/^Nothing to \w+: /, '');
      throw new NothingToDecideError(verb, pipeline, key, why, { cause: error });
    }
    if (error instanceof WorkflowUpdateFailedError) {
      const why = visibleText(error.cause?.message ?? error.message);
      const named = args.position === undefined ? '' : ` of ${args.position}`;
      throw new Error(`The ${verb}${named} failed: ${why}`, { cause: error });
    }
    throw error;
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
 * The task that would have brought the verb to the lane did not come to its end, as when a lane is sent records just as it
 * continues as new. It has not been accepted.
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

/** A lane that has ended is told from a key that is not known, while Temporal keeps what has ended. */
async function whyNotFound(client: Client, { pipeline, key }: Verdict, cause: Error): Promise<Error> {
  try {
    const ended = endOf(await describeLane(client, pipeline, key));
    const when = ended?.at === undefined ? '' : ` ${new Date(ended.at).toISOString()}`;
    const how = ended?.how === 'COMPLETED' ? 'it was idle and ended' : `it was ended from outside (${ended?.how})`;
    return new NoSuchLaneError(pipeline, key, `${how}${when}. The key's next event starts a new one.`, { cause });
  } catch (error) {
    return error instanceof NoSuchLaneError ? error : cause;
  }
}

function isNothingToDecide(cause: unknown): cause is ApplicationFailure {
  return cause instanceof ApplicationFailure && cause.type === NOTHING_TO_DECIDE;
}
