import { isGrpcServiceError, type Client } from '@temporalio/client';
import { pipelineWorkflowId } from '../contracts/names.ts';
import type { PipelineInput } from '../contracts/pipeline/messages.ts';
import { argumentOf } from './run-argument.ts';

const NOT_FOUND = 5;

/**
 * Where the keys of a pipeline live. Decided by the pipeline's own state alone: a process whose settings say something else
 * would send a key's events elsewhere, and its handler would run in two places (O1).
 */
export interface Router {
  /** How many pools the keys share; undefined when each key has a lane of its own. */
  readonly pools: number | undefined;
}

/**
 * Asks Temporal. A pipeline keeps its hosting for good, also when it is started over, and its first event has it; so no worker
 * is needed.
 * @returns undefined when Temporal does not have the pipeline
 */
export async function routerOf(client: Client, pipeline: string): Promise<Router | undefined> {
  try {
    const begun = await argumentOf<PipelineInput>(client, { workflowId: pipelineWorkflowId(pipeline) });
    return begun === undefined ? undefined : { pools: begun.pools };
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
    if (code === NOT_FOUND) return undefined;
    throw error;
  }
}
