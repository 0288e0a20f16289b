/** What a delivery request contains, for its signal, for logs, and for errors about its size. */
import { formatPosition } from '../../contracts/event/position.ts';
import type { RecordsSignal } from '../../contracts/lane/messages.ts';
import type { PoolSignal } from '../../contracts/pool/messages.ts';
import type { QuarantineSignal } from '../../contracts/quarantine/messages.ts';
import { encodedBatchSize } from '../deliver/encoded-size.ts';
import {
  DeliveryRejectedError,
  RequestTooLargeError,
  type Delivery,
  type DeliveryRequest,
} from '../deliver/gateway.ts';
import { canSendWithoutData } from '../read/source-only.ts';

const TOO_LARGE_RETRY_MS = 60_000;

/**
 * Temporal accepts payloads up to a limit (2 MiB by default), and a request with a single record can only be made
 * smaller by leaving out its data. That happens only where a server is configured to accept less than
 * `largeEvents.above`. A record whose data cannot be fetched from the source again waits, since dropping it would be a
 * loss, and the checkpoint waits with it; every attempt logs that (O9).
 */
export function tooLarge(error: unknown, request: DeliveryRequest): DeliveryRejectedError | RequestTooLargeError {
  const { key, position, bytes } = describeRequest(request);
  const where = key === undefined ? 'the quarantine' : `key ${JSON.stringify(key)}`;
  const what = `Record ${position} (${bytes} bytes) for ${where} is larger than Temporal accepts in one payload.`;
  const remedy =
    'Lower largeEvents.above, or raise limit.blobSize.error on the server (and for more than 4 MiB, the gRPC message size)';
  if (deliveriesOf(request).every(canSendWithoutData)) {
    return new RequestTooLargeError(
      `${what} It is sent without its data, which stays in the source until its key fetches it. ${remedy}.`,
      { cause: error },
    );
  }
  return new DeliveryRejectedError(
    `${what} It waits, and so does the checkpoint of its shard. ${remedy}; it is sent again every ` +
      `${TOO_LARGE_RETRY_MS / 1000} s until it is accepted.`,
    TOO_LARGE_RETRY_MS,
    { cause: error },
  );
}

function deliveriesOf(request: DeliveryRequest): readonly Delivery[] {
  if (request.to === 'quarantine') return request.records.map((record) => ({ to: 'quarantine', record }));
  return request.events.map((event) => ({ to: 'lane', key: '', event }));
}

export function signalOf(request: DeliveryRequest): RecordsSignal | PoolSignal | QuarantineSignal {
  const { leaseUntil } = request;
  return request.to === 'quarantine'
    ? { leaseUntil, records: request.records }
    : { leaseUntil, events: request.events };
}

export function describeRequest(request: DeliveryRequest) {
  const records = request.to === 'quarantine' ? request.records : request.events;
  const key = request.to === 'lane' ? request.key : request.to === 'pool' ? request.events[0]?.key : undefined;
  return {
    ...(key === undefined ? {} : { key }),
    position: records[0] && formatPosition(records[0].position),
    records: records.length,
    bytes: encodedBatchSize(request),
  };
}
