import { decodeEventData, previewOf } from '../../contracts/event/data-codec.ts';
import { isInline, type EventData, type LeftData } from '../../contracts/event/event.ts';
import type { Handover } from '../deliver/gateway.ts';

/**
 * The record without its data, which stays in the source: it takes its place in its lane, and the lane fetches the data
 * when its turn comes.
 */
export function sourceOnly(handover: Handover): Handover {
  return handover.to === 'lane'
    ? { ...handover, event: { ...handover.event, data: leftIn(handover.event.data) } }
    : { ...handover, record: { ...handover.record, data: leftIn(handover.record.data) } };
}

function leftIn(data: EventData): LeftData {
  if ('left' in data) return data;
  if (isInline(data)) return { left: { preview: previewOf(decodeEventData(data)) } };
  const { preview, ...stored } = data.claim;
  return { left: { preview, stored } };
}

/**
 * Whether the record may be sent without its data. Only the source's own, fresh data can be fetched from the source: not
 * what an operator has replaced, nor what the quarantine has held for so long that the source may have dropped it.
 */
export function mayLeaveData(handover: Handover): boolean {
  if (handover.to === 'quarantine') return isInline(handover.record.data) && handover.record.replaced === undefined;
  const { data, late, replaced } = handover.event;
  return isInline(data) && late === undefined && replaced === undefined;
}
