import { formatPosition, type Position } from './position.ts';

/**
 * A record's bytes as they travel through Temporal. JSON is kept as JSON when it can be written back to the very same
 * bytes, other valid UTF-8 as text, the rest as base64: so the Temporal UI shows what a person can read, and nothing is
 * changed on the way. See event-data.ts for the codec.
 */
export type EventData = { readonly json: unknown } | { readonly text: string } | { readonly base64: string };

/** An event as a lane holds it. This shape is in recorded histories: fields may be added, never changed. */
export interface LaneEvent {
  readonly position: Position;
  /** When the source says that the record arrived, in ms since 1970. Not monotonic (AWS), so for display only. */
  readonly arrivedAt: number;
  readonly data: EventData;
  /** Bytes of the data as the source delivered it. */
  readonly size: number;
  /** The kind of source, which tells the handler's side how to read the data. */
  readonly source: SourceKind;
  /** How often `replace` has given this event new data. */
  readonly replaced?: number;
}

export type SourceKind = 'kinesis' | 'dynamodb';

/**
 * The same for every attempt of an event and different after a replace (O7). Stable across restarts, since it is made
 * of nothing but where the record stands.
 */
export function idempotencyKey(pipeline: string, event: Pick<LaneEvent, 'position' | 'replaced'>): string {
  const base = `${pipeline}:${formatPosition(event.position)}`;
  return event.replaced === undefined ? base : `${base}#${event.replaced}`;
}
