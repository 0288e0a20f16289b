import type { EventData } from '../event/event.ts';
import type { Position } from '../event/position.ts';

/** A record that has no usable key, kept until a person decides (O8). In recorded histories: fields are only added. */
export interface QuarantinedRecord {
  readonly position: Position;
  readonly arrivedAt: number;
  readonly data: EventData;
  readonly size: number;
  /** What the key function threw or returned. */
  readonly reason: string;
  /** What a key function is given besides the data. Absent in records that an earlier version has put here. */
  readonly partitionKey?: string;
  /** How often `replace` has given this record new data. */
  readonly replaced?: number;
}

/** The name under which a lane keeps the mark of what the quarantine brings. No shard can have it. */
export const QUARANTINE_MARK = 'quarantine/';
