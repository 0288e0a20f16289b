import { WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { GRPC, grpcFailure, type GrpcFailure } from './grpc.ts';

/** The server attaches it to every answer about a workflow or a run that does not exist. */
const NOT_FOUND_DETAIL = 'temporal.api.errordetails.v1.NotFoundFailure';

/**
 * Whether Temporal does not have a workflow or a run (anymore). What depends on it counts as lost then, so in doubt the answer is
 * no. The code of gRPC alone is not enough: a server that has just started may not know its namespaces yet, and answers with the
 * same code. The details that it attaches tell the two apart.
 */
export function isGone(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const failure = grpcFailure(error);
  return failure?.code === GRPC.notFound && detailTypes(failure).includes(NOT_FOUND_DETAIL);
}

function detailTypes({ metadata }: GrpcFailure): string[] {
  const [status] = metadata.get('grpc-status-details-bin');
  if (!(status instanceof Uint8Array)) return [];
  return proto.google.rpc.Status.decode(status).details.map((detail) => {
    return (detail.type_url ?? '').replace(/^type\.googleapis\.com\//, '');
  });
}
