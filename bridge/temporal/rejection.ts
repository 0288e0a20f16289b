/**
 * What a failed request to Temporal means for the next ones. Nothing here is poison: each kind is waited for in its own
 * way, and the records stay where they are (O9).
 */
import { isGrpcServiceError, NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';

export type Refusal =
  /** The request does not pass as it is, whenever it is sent. */
  | 'too large'
  /** The run of this lane has had as many signals as it may have. Passes when the lane continues as new. */
  | 'no signals left'
  /** This lane alone, for a moment: it is locked, or about to continue as new. */
  | 'busy'
  /** Everybody sends too much. */
  | 'throttled'
  /** Nobody gets through: no connection, a failover, no access. Of a single request among others that pass: its lane. */
  | 'out of reach'
  | 'other';

/** Codes of gRPC; `@grpc/grpc-js` is not a dependency of ours. */
const GRPC = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/**
 * A namespace that fails over is not found, not active or not available for a while; a key that is being replaced is
 * not permitted; a load balancer without a server behind it knows of no such method.
 */
const OUT_OF_REACH: ReadonlySet<number> = new Set([
  GRPC.CANCELLED,
  GRPC.UNKNOWN,
  GRPC.DEADLINE_EXCEEDED,
  GRPC.NOT_FOUND,
  GRPC.PERMISSION_DENIED,
  GRPC.FAILED_PRECONDITION,
  GRPC.ABORTED,
  GRPC.UNIMPLEMENTED,
  GRPC.INTERNAL,
  GRPC.UNAVAILABLE,
  GRPC.DATA_LOSS,
  GRPC.UNAUTHENTICATED,
]);
const TOO_LARGE =
  /(?:blob data|transaction) size exceeds limit|(?:received|sent) message larger than max|message too large/i;
const NO_SIGNALS_LEFT = /limit for signal events/i;
/** For servers, and proxies, that send no details along, or others. */
const BUSY = /workflow is (?:busy|closing)|too many (?:re)?starts for workflow/i;
const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
const { RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW } = proto.temporal.api.enums.v1.ResourceExhaustedCause;
/** What a server of gRPC takes unless it is set otherwise: 4 MiB, less what surrounds the data. */
const LARGEST_MESSAGE = 4 * 1024 * 1024 - 64 * 1024;

/** @param bytes about the size of the request */
export function refusalOf(error: unknown, bytes: number): Refusal {
  if (error instanceof WorkflowNotFoundError || error instanceof NamespaceNotFoundError) return 'out of reach';
  const failure = grpcError(error);
  if (failure === undefined) return 'other';
  const { details } = failure;
  const code: number = failure.code;
  if (TOO_LARGE.test(details)) return 'too large';
  // gRPC refuses a message that is too large as if it were throttled, and a client may repeat that until the deadline.
  if (code === GRPC.DEADLINE_EXCEEDED && bytes > LARGEST_MESSAGE) return 'too large';
  if (code === GRPC.INVALID_ARGUMENT && NO_SIGNALS_LEFT.test(details)) return 'no signals left';
  if (code === GRPC.RESOURCE_EXHAUSTED) return isBusy(failure) ? 'busy' : 'throttled';
  return OUT_OF_REACH.has(code) ? 'out of reach' : 'other';
}

type GrpcError = NonNullable<ReturnType<typeof grpcError>>;

/** The client wraps what gRPC said as the cause. */
function grpcError(error: unknown) {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (isGrpcServiceError(each)) return each;
  }
  return undefined;
}

/** Whether the server means this workflow alone, and not the namespace or the whole server. */
function isBusy({ details, metadata }: GrpcError): boolean {
  const [status] = metadata.get('grpc-status-details-bin');
  const told = status === undefined || typeof status === 'string' ? [] : proto.google.rpc.Status.decode(status).details;
  const failure = told?.find(({ type_url: type }) => type?.endsWith('.ResourceExhaustedFailure'));
  if (!failure?.value) return BUSY.test(details);
  return ResourceExhaustedFailure.decode(failure.value).cause === RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW;
}
