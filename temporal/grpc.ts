import { isGrpcServiceError } from '@temporalio/client';

/** The codes of gRPC that are told apart here. */
export const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/**
 * Nobody answered a question or an update in time, or the server knows of nobody who could. A deadline comes back as a
 * cancel when the server notices it first.
 */
export const UNANSWERED: ReadonlySet<number> = new Set([
  GRPC.deadlineExceeded,
  GRPC.cancelled,
  GRPC.failedPrecondition,
]);

/** Code and text of the gRPC failure behind an error of the client, if there is one. */
export function grpcFailure(error: unknown): { readonly code: number; readonly details: string } | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return { code: cause.code, details: cause.details };
  }
  return undefined;
}
