import { isGrpcServiceError } from '@temporalio/client';

/** Codes of gRPC; `@grpc/grpc-js` is no dependency of Keylane. */
export const GRPC = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/**
 * A query or an update got no answer in time, or the server knows no worker that could answer. A deadline is returned
 * as a cancellation when the server notices it first.
 */
export const UNANSWERED: ReadonlySet<number> = new Set([
  GRPC.deadlineExceeded,
  GRPC.cancelled,
  GRPC.failedPrecondition,
]);

export interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  readonly metadata: { get(key: string): readonly (string | Uint8Array)[] };
}

/** The gRPC error behind an error of the client, which has it as a cause; undefined when there is none. */
export function grpcFailure(error: unknown): GrpcFailure | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause;
  }
  return undefined;
}

/** Whether Temporal answered that something does not exist. */
export function isNotFound(error: unknown): boolean {
  return grpcFailure(error)?.code === GRPC.notFound;
}
