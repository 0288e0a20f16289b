import { WorkflowNotFoundError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { quarantineWorkflowId } from '../../contracts/names.ts';
import type {
  QuarantineDecision,
  QuarantineVerbArgs,
  QuarantineVerbName,
} from '../../contracts/quarantine/decision.ts';
import { readRejection, rejection, type Rejection } from '../../contracts/rejection.ts';
import { visibleText } from '../../lib/pure/visible.ts';
import { NothingInQuarantineError, QuarantinePendingError } from '../errors.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import { rejectionIn } from '../../temporal/rejected.ts';
import { quarantineEnd, quarantineProblem, quarantineView } from './quarantine-view.ts';

export interface QuarantineVerdict {
  readonly pipeline: string;
  readonly verb: QuarantineVerbName;
  readonly args: QuarantineVerbArgs;
  /** How long it may take until it is accepted, and until it is done. */
  readonly acceptTimeoutMs?: number;
  readonly resultTimeoutMs?: number;
}

const ACCEPT_TIMEOUT_MS = 10_000;
const RESULT_TIMEOUT_MS = 120_000;
const POLL_MS = 500;
const NOT_CONFIRMED =
  'The request may still be carried out when one starts: check with `keylane quarantine list` before trying again.';

/**
 * Has the quarantine carry out a verb, and returns its decision (O11).
 * @throws {NothingInQuarantineError} if it changed nothing
 * @throws {NoWorkerError} if it is not known whether it will
 * @throws {QuarantinePendingError} if it will, later
 */
export async function decideQuarantine(client: Client, verdict: QuarantineVerdict): Promise<QuarantineDecision> {
  const { pipeline, verb } = verdict;
  try {
    const decision = await carriedOut(client, verdict);
    if (decision.outcome === 'done') return decision;
    throw new NothingInQuarantineError(verb, pipeline, rejectionOf(decision));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      const problem = quarantineProblem({}, await quarantineEnd(client, pipeline));
      const why =
        problem === undefined
          ? rejection('quarantine-empty', 'the quarantine is empty')
          : rejection('recovering', problem);
      throw new NothingInQuarantineError(verb, pipeline, why, { cause: error });
    }
    const rejected = rejectionIn(error);
    if (rejected === undefined) throw error;
    throw new NothingInQuarantineError(verb, pipeline, rejected, { cause: error });
  }
}

function rejectionOf({ firstKept, ...decision }: QuarantineDecision): Rejection {
  const { code, why } = readRejection(decision);
  if (firstKept === undefined) return { code, why };
  return rejection(code, `${why} (${firstKept.position}: ${visibleText(firstKept.reason)})`, firstKept);
}

async function carriedOut(client: Client, verdict: QuarantineVerdict): Promise<QuarantineDecision> {
  const { acceptTimeoutMs = ACCEPT_TIMEOUT_MS, pipeline, resultTimeoutMs = RESULT_TIMEOUT_MS, verb } = verdict;
  const workflowId = quarantineWorkflowId(pipeline);
  const until = Date.now() + resultTimeoutMs;
  let isAccepted = false;
  try {
    const update = await client.withDeadline(Date.now() + acceptTimeoutMs, () =>
      client.workflow.getHandle(workflowId).startUpdate<QuarantineDecision, [QuarantineVerbArgs]>(verb, {
        args: [verdict.args],
        waitForStage: 'ACCEPTED',
      }),
    );
    isAccepted = true;
    const decision = await client.withDeadline(until, () => update.result());
    // A run that ends answers with what it has done so far, and the next run continues.
    return decision.outcome === 'going on' ? await followed(client, verdict, decision.id, until) : decision;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
    if (isAccepted) throw new QuarantinePendingError(verb, pipeline, { cause: error });
    throw new NoWorkerError(workflowId, undefined, NOT_CONFIRMED, { cause: error });
  }
}

async function followed(
  client: Client,
  { pipeline, verb }: QuarantineVerdict,
  id: string,
  until: number,
): Promise<QuarantineDecision> {
  while (Date.now() < until) {
    const { decisions } = await quarantineView(client, pipeline);
    const decision = decisions.find((each) => each.id === id);
    if (decision !== undefined) return decision;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new QuarantinePendingError(verb, pipeline);
}
