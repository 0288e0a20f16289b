import type { LaneEvent } from './event.ts';

/** Position (sequence numbers of up to 129 digits), times and names of an event. */
const ENVELOPE_BYTES = 400;

/** About the bytes that an event takes in Temporal; text with much to quote may take some times more. */
export function eventWeight({ data, size }: Pick<LaneEvent, 'data' | 'size'>): number {
  return ENVELOPE_BYTES + ('base64' in data ? data.base64.length : size);
}

export interface EventLimits {
  readonly events: number;
  /** One event excepted. */
  readonly bytes: number;
}

/** How many of the events, from the first on, stay within the limits. At least one, if there is one. */
export function countWithin(events: readonly LaneEvent[], limits: EventLimits): number {
  let bytes = 0;
  let count = 0;
  for (const event of events) {
    bytes += eventWeight(event);
    if (count > 0 && (bytes > limits.bytes || count >= limits.events)) break;
    count += 1;
  }
  return count;
}
