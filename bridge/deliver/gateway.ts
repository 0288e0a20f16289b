import type { LaneEvent } from '../../contracts/event/event.ts';
import type { PoolEvent } from '../../contracts/pool/state.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';

/** One record on its way to the lane of its key, or to the quarantine when it has no usable one (O8). */
export type Delivery =
  | { readonly to: 'lane'; readonly key: string; readonly event: LaneEvent }
  | { readonly to: 'quarantine'; readonly record: QuarantinedRecord };

/** Consecutive records of one lane, of the lanes of one pool, or of the quarantine, in the order in which they were read. */
export type DeliveryBatch =
  | { readonly to: 'lane'; readonly key: string; readonly events: readonly LaneEvent[] }
  | { readonly to: 'pool'; readonly pool: number; readonly events: readonly PoolEvent[] }
  | { readonly to: 'quarantine'; readonly records: readonly QuarantinedRecord[] };

export type DeliveryRequest = DeliveryBatch & {
  /** See {@link RecordsSignal}. */
  readonly leaseUntil: number;
  /** From 1; counts the requests in a row that began with the same record. */
  readonly attempt: number;
};

/** The port to where lanes live. */
export interface LaneGateway {
  /**
   * Resolves when every record of the request is held durably; whatever else happens, it rejects, and the same records
   * are sent again (the receiver drops those that it has). Must settle soon after `signal` aborts.
   * @throws {HandoverRefusedError} when it is no use to try again soon
   * @throws {RequestTooLargeError} when fewer records might pass, or the only one without its data
   * @throws {PressureError} when the same would be said to other lanes
   */
  send(request: DeliveryRequest, signal: AbortSignal): Promise<void>;
}

/** Thrown when the request is understood and refused. It is sent again all the same, after `retryAfterMs` (O4). */
export class DeliveryRejectedError extends Error {
  override readonly name = 'HandoverRefusedError';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Thrown when a request is refused for its size. Several records are sent again, half as many at a time; a single one is sent
 * without its data, where that may be ({@link mayLeaveData}), and is refused for a while where not (O9).
 */
export class RequestTooLargeError extends Error {
  override readonly name = 'RequestTooLargeError';
}

/** Thrown when Temporal takes nothing, or less than it is sent, whatever the lane. Sent again as soon as it does (O9). */
export class PressureError extends Error {
  override readonly name = 'PressureError';
  /** It answers, and wants fewer requests. */
  readonly isThrottled: boolean;

  constructor(message: string, isThrottled: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isThrottled = isThrottled;
  }
}
