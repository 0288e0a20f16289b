import { isInline, type LaneEvent } from './event.ts';

/** Position (sequence numbers of up to 129 digits), times and names of an event. */
const ENVELOPE_BYTES = 400;
/** Name, digest and preview of data that lies elsewhere. */
const ELSEWHERE_BYTES = 1024;

/** About the bytes that an event takes in Temporal; text with much to quote may take some times more. */
export function eventWeight(event: Pick<LaneEvent, 'data' | 'size'>): number {
  return ENVELOPE_BYTES + ('base64' in event.data ? event.data.base64.length : dataWeight(event));
}

/** The bytes of the data, as far as they are in the event. */
export function dataWeight({ data, size }: Pick<LaneEvent, 'data' | 'size'>): number {
  return isInline(data) ? size : ELSEWHERE_BYTES;
}

export interface EventLimits {
  readonly events: number;
  /** One event excepted. */
  readonly bytes: number;
}

/** How many of the events, from the first on, stay within the limits. At least one, if there is one. */
export function countWithin(events: readonly LaneEvent[], limits: EventLimits): number {
  return countWeighed(events, limits, eventWeight);
}

export function countWeighed<Item>(
  items: readonly Item[],
  limits: EventLimits,
  weightOf: (item: Item) => number,
): number {
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    bytes += weightOf(item);
    if (count > 0 && (bytes > limits.bytes || count >= limits.events)) break;
    count += 1;
  }
  return count;
}
