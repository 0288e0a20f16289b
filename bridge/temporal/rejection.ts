/**
 * Classifies a failed request to Temporal by what it means for the next requests. No kind drops records: each has its
 * own wait, and the records stay where they are (O9).
 */
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { GRPC, grpcFailure, type GrpcFailure } from '../../temporal/grpc.ts';

export type Rejection =
  /** The request is rejected as it is, whenever it is sent. */
  | 'too large'
  /** The run of this lane has reached its maximum number of signals. Passes when the lane continues as new. */
  | 'no signals left'
  /** Affects this lane only, for a moment: it is locked, or about to continue as new. */
  | 'busy'
  /** Rate limited, affects all lanes. */
  | 'throttled'
  /** Server unavailable (no connection, a failover, no access). If other requests succeed, affects this lane only. */
  | 'out of reach'
  | 'other';

/**
 * A namespace that fails over is not found, not active or not available for a while; an API key that is being replaced
 * has no permission; a load balancer without a server behind it answers that the method is unimplemented.
 */
const OUT_OF_REACH: ReadonlySet<number> = new Set([
  GRPC.cancelled,
  GRPC.unknown,
  GRPC.deadlineExceeded,
  GRPC.notFound,
  GRPC.permissionDenied,
  GRPC.failedPrecondition,
  GRPC.aborted,
  GRPC.unimplemented,
  GRPC.internal,
  GRPC.unavailable,
  GRPC.dataLoss,
  GRPC.unauthenticated,
]);
const TOO_LARGE =
  /(?:blob data|transaction) size exceeds limit|(?:received|sent) message larger than max|message too large/i;
const NO_SIGNALS_LEFT = /limit for signal events/i;
/** For servers and proxies that send no details, or other ones. */
const BUSY = /workflow is (?:busy|closing)|too many (?:re)?starts for workflow/i;
const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
const { RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW } = proto.temporal.api.enums.v1.ResourceExhaustedCause;
/** The largest message that a gRPC server accepts by default: 4 MiB, less the envelope of the data. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024 - 64 * 1024;

/** @param bytes approximate size of the request */
export function rejectionOf(error: unknown, bytes: number): Rejection {
  if (error instanceof WorkflowNotFoundError || error instanceof NamespaceNotFoundError) return 'out of reach';
  const failure = grpcFailure(error);
  if (failure === undefined) return 'other';
  const { code, details } = failure;
  if (TOO_LARGE.test(details)) return 'too large';
  // gRPC rejects a message that is too large as if it were throttled, and a client may repeat that until the deadline.
  if (code === GRPC.deadlineExceeded && bytes > MAX_MESSAGE_BYTES) return 'too large';
  if (code === GRPC.invalidArgument && NO_SIGNALS_LEFT.test(details)) return 'no signals left';
  if (code === GRPC.resourceExhausted) return isBusy(failure) ? 'busy' : 'throttled';
  return OUT_OF_REACH.has(code) ? 'out of reach' : 'other';
}

/** Whether the server means this workflow alone, and not the namespace or the whole server. */
function isBusy({ details, metadata }: GrpcFailure): boolean {
  const [status] = metadata.get('grpc-status-details-bin');
  const statusDetails =
    status === undefined || typeof status === 'string' ? [] : proto.google.rpc.Status.decode(status).details;
  const failure = statusDetails?.find(({ type_url: type }) => type?.endsWith('.ResourceExhaustedFailure'));
  if (!failure?.value) return BUSY.test(details);
  return ResourceExhaustedFailure.decode(failure.value).cause === RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW;
}
