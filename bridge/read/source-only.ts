import { decodeEventData, previewOf } from '../../contracts/event/data-codec.ts';
import { isInline, type EventData, type SourceOnlyData } from '../../contracts/event/event.ts';
import type { Delivery } from '../deliver/gateway.ts';

/**
 * The record without its data, which stays in the source: the record keeps its place in its lane, and the lane fetches
 * the data when it is the head.
 */
export function sourceOnly(delivery: Delivery): Delivery {
  return delivery.to === 'lane'
    ? { ...delivery, event: { ...delivery.event, data: toSourceOnly(delivery.event.data) } }
    : { ...delivery, record: { ...delivery.record, data: toSourceOnly(delivery.record.data) } };
}

function toSourceOnly(data: EventData): SourceOnlyData {
  if ('sourceOnly' in data) return data;
  if (isInline(data)) return { sourceOnly: { preview: previewOf(decodeEventData(data)) } };
  const { preview, ...stored } = data.claim;
  return { sourceOnly: { preview, stored } };
}

/**
 * Whether the record may be sent without its data. Only original, recent data can be fetched from the source: not data
 * that an operator has replaced, nor data that the quarantine has held for so long that it may have expired in the
 * source.
 */
export function canSendWithoutData(delivery: Delivery): boolean {
  if (delivery.to === 'quarantine') return isInline(delivery.record.data) && delivery.record.replaced === undefined;
  const { data, redriveSequence, replaced } = delivery.event;
  return isInline(data) && redriveSequence === undefined && replaced === undefined;
}
