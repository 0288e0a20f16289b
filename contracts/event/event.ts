import { formatPosition, type Position } from './position.ts';

/**
 * A record's bytes as they travel through Temporal. JSON is kept as JSON when it can be written back to the very same
 * bytes, other valid UTF-8 as text, the rest as base64: so the Temporal UI shows what a person can read, and nothing is
 * changed on the way. See event-data.ts for the codec.
 */
export type InlineData = { readonly json: unknown } | { readonly text: string } | { readonly base64: string };

/** Data that is too large for Temporal, and was written to the store of large events before the event was handed over. */
export interface ClaimedData {
  readonly claim: Claim;
}

/** What a store is asked for: the object of this one event. */
export interface Claim {
  /** In the store, whichever that is. */
  readonly name: string;
  /** Of the bytes, in hex. */
  readonly sha256: string;
  /** How the data begins, for people. */
  readonly preview: string;
}

/**
 * Data that is too large for Temporal, when there was no store or it did not answer: the source has it, for as long as it
 * keeps its records.
 */
export interface SourceOnlyData {
  readonly sourceOnly: {
    readonly preview: string;
    /** What the bridge was writing when the event went on without its data. It may be in the store by now. */
    readonly stored?: Pick<Claim, 'name' | 'sha256'>;
  };
}

export type EventData = InlineData | ClaimedData | SourceOnlyData;

/** Whether all of the data is there, and not only what is known of it. */
export function isInline(data: EventData): data is InlineData {
  return !('claim' in data || 'sourceOnly' in data);
}

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
  /**
   * Set on one that the quarantine has brought, behind what came after it in its shard: its number among all that the
   * quarantine brings, growing from one to the next. By it a lane knows what it has had (O6).
   */
  readonly redriveSequence?: string;
  /**
   * Set on one that a pool has forwarded to the lane of a key that has moved out: its number among those, from 1. By it the
   * lane knows what it has had (O6), and the pool what the lane has finished.
   */
  readonly forwarded?: string;
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
