import type { Client } from '@temporalio/client';
import { pipelineWorkflowId } from '../contracts/names.ts';
import { parsePipelineInput } from '../contracts/pipeline/parse.ts';
import { isNotFound } from './grpc.ts';
import { startOfRun } from './run-argument.ts';

/**
 * Tells where the keys of a pipeline live. Only the pipeline's own state decides that: a process with other settings
 * would send a key's events elsewhere, and its handler would run in two places (O1).
 */
export interface Router {
  /** How many pools the keys share; undefined when each key has a lane of its own. */
  readonly pools: number | undefined;
}

/** What a pipeline was started with. */
export interface PipelineStart extends Router {
  /** Which stream it reads, as in `kinesis:orders`. */
  readonly source: string;
  /** Of its readers. */
  readonly taskQueue: string | undefined;
}

/** @returns undefined when Temporal does not have the pipeline */
export async function routerOf(client: Client, pipeline: string): Promise<Router | undefined> {
  const start = await pipelineStart(client, pipeline);
  return start && { pools: start.pools };
}

/**
 * Asks Temporal. A pipeline keeps its hosting for good, also when it is started over, and the input of its workflow has
 * it; so no worker is needed.
 * @returns undefined when Temporal does not have the pipeline
 */
export async function pipelineStart(client: Client, pipeline: string): Promise<PipelineStart | undefined> {
  const workflowId = pipelineWorkflowId(pipeline);
  try {
    const { argument: input, taskQueue } = await startOfRun(client, { workflowId }, parsePipelineInput);
    return input === undefined ? undefined : { pools: input.pools, source: input.source, taskQueue };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
