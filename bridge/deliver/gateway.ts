import type { LaneEvent } from '../../contracts/event/event.ts';
import type { PoolEvent } from '../../contracts/pool/state.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';

/** One record on its way to the lane of its key, or to the quarantine when it has no usable one (O8). */
export type Delivery =
  | { readonly to: 'lane'; readonly key: string; readonly event: LaneEvent }
  | { readonly to: 'quarantine'; readonly record: QuarantinedRecord };

/**
 * Consecutive records of one lane, of the lanes of one pool, or of the quarantine, in the order in which they were
 * read.
 */
export type DeliveryBatch =
  | { readonly to: 'lane'; readonly key: string; readonly events: readonly LaneEvent[] }
  | { readonly to: 'pool'; readonly pool: number; readonly events: readonly PoolEvent[] }
  | { readonly to: 'quarantine'; readonly records: readonly QuarantinedRecord[] };

export type DeliveryRequest = DeliveryBatch & {
  /** See {@link RecordsSignal}. */
  readonly leaseUntil: number;
  /** From 1; counts the requests in a row that started with the same record. */
  readonly attempt: number;
};

/** The port through which records are sent to lanes. */
export interface LaneGateway {
  /**
   * Resolves when every record of the request is held durably. In all other cases it rejects, and the same records are
   * sent again (the receiver drops those that it has). Must settle soon after `signal` aborts.
   * @throws {DeliveryRejectedError} when retrying soon is pointless
   * @throws {RequestTooLargeError} when a request with fewer records might be accepted, or the single record without
   * its data
   * @throws {PressureError} when requests to other lanes would fail for the same reason
   */
  send(request: DeliveryRequest, signal: AbortSignal): Promise<void>;
}

/** Thrown when the request arrived and was rejected. The dispatcher sends it again after `retryAfterMs` (O4). */
export class DeliveryRejectedError extends Error {
  override readonly name = 'DeliveryRejectedError';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Thrown when a request is rejected for its size. Several records are sent again, half as many at a time. A single
 * record is sent without its data where that is allowed ({@link canSendWithoutData}); otherwise it is rejected for a
 * while (O9).
 */
export class RequestTooLargeError extends Error {
  override readonly name = 'RequestTooLargeError';
}

/**
 * Thrown when Temporal accepts no requests, or fewer than it is sent, for all lanes. Sent again as soon as it does
 * (O9).
 */
export class PressureError extends Error {
  override readonly name = 'PressureError';
  /** True when the server answers and asks for fewer requests. */
  readonly isThrottled: boolean;

  constructor(message: string, isThrottled: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isThrottled = isThrottled;
  }
}
