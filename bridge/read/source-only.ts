import { decodeEventData, previewOf } from '../../contracts/event/data-codec.ts';
import { isInline, type EventData, type SourceOnlyData } from '../../contracts/event/event.ts';
import type { Delivery } from '../deliver/gateway.ts';

/**
 * The record without its data, which stays in the source: it takes its place in its lane, and the lane fetches the data
 * when its turn comes.
 */
export function sourceOnly(delivery: Delivery): Delivery {
  return delivery.to === 'lane'
    ? { ...delivery, event: { ...delivery.event, data: leftIn(delivery.event.data) } }
    : { ...delivery, record: { ...delivery.record, data: leftIn(delivery.record.data) } };
}

function leftIn(data: EventData): SourceOnlyData {
  if ('sourceOnly' in data) return data;
  if (isInline(data)) return { sourceOnly: { preview: previewOf(decodeEventData(data)) } };
  const { preview, ...stored } = data.claim;
  return { sourceOnly: { preview, stored } };
}

/**
 * Whether the record may be sent without its data. Only the source's own, fresh data can be fetched from the source: not
 * what an operator has replaced, nor what the quarantine has held for so long that the source may have dropped it.
 */
export function mayLeaveData(delivery: Delivery): boolean {
  if (delivery.to === 'quarantine') return isInline(delivery.record.data) && delivery.record.replaced === undefined;
  const { data, redriveSequence, replaced } = delivery.event;
  return isInline(data) && redriveSequence === undefined && replaced === undefined;
}
