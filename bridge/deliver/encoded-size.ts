import { Buffer } from 'node:buffer';
import type { EventData } from '../../contracts/event/event.ts';
import type { Delivery, DeliveryBatch } from './gateway.ts';

/**
 * Bytes that a record takes in a payload in addition to its data: position (sequence numbers of up to 129 digits),
 * times, names.
 */
const ENVELOPE_BYTES = 400;

/** Bytes that a record takes in a request. The estimate is never too small. */
export function encodedSize(delivery: Delivery): number {
  if (delivery.to === 'lane') return ENVELOPE_BYTES + dataSize(delivery.event);
  const { record } = delivery;
  return ENVELOPE_BYTES + dataSize(record) + stringSize(record.reason) + stringSize(record.partitionKey ?? '');
}

/** Bytes of the records of a request. */
export function encodedBatchSize(batch: DeliveryBatch): number {
  const sizes =
    batch.to === 'quarantine'
      ? batch.records.map((record) => encodedSize({ to: 'quarantine', record }))
      : batch.events.map((event) => encodedSize({ to: 'lane', key: '', event }));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes that data takes in a request. */
export function dataSize({ data, size }: { readonly data: EventData; readonly size: number }): number {
  // JSON is written exactly as it was read; only strings are quoted, and may grow by that.
  if ('json' in data) return size;
  if ('base64' in data) return data.base64.length;
  return 'text' in data ? stringSize(data.text) : Buffer.byteLength(JSON.stringify(data));
}

function stringSize(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
