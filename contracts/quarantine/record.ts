import type { EventData } from '../event/event.ts';
import type { Position } from '../event/position.ts';

/** A record that has no usable key, kept until an operator decides (O8). */
export interface QuarantinedRecord {
  readonly position: Position;
  readonly arrivedAt: number;
  readonly data: EventData;
  readonly size: number;
  /** What the key function threw or returned. */
  readonly reason: string;
  /** The partition key, which a key function can read in addition to the data. */
  readonly partitionKey?: string;
  /** How often `replace` has given this record new data. */
  readonly replaced?: number;
}

/** The mark under which a lane records what the quarantine has redriven. No shard can have this name. */
export const QUARANTINE_MARK = 'quarantine/';
