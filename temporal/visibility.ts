import type { Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../contracts/names.ts';
import { MissingSearchAttributesError } from './errors.ts';
import { GRPC, grpcFailure } from './grpc.ts';

/** A list filter for the lanes that are open, of one pipeline or of all, in one status or in any. */
export function openLanes(filter: { readonly pipeline?: string; readonly status?: string }): string {
  const { pipeline, status } = filter;
  return [
    `WorkflowType = ${quoted(WORKFLOW_TYPES.lane)}`,
    `ExecutionStatus = ${quoted('Running')}`,
    ...(pipeline === undefined ? [] : [`${SEARCH_ATTRIBUTES.pipeline} = ${quoted(pipeline)}`]),
    ...(status === undefined ? [] : [`${SEARCH_ATTRIBUTES.status} = ${quoted(status)}`]),
  ].join(' AND ');
}

/** A string in a list filter. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, String.raw`\$&`)}"`;
}

/**
 * Runs a request that lists or counts workflows.
 * @throws {MissingSearchAttributesError}
 */
export async function listing<T>(client: Client, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const failure = grpcFailure(error);
    if (failure?.code !== GRPC.invalidArgument || !failure.details.includes('search attribute')) throw error;
    throw new MissingSearchAttributesError(client.options.namespace, failure.details, { cause: error });
  }
}
