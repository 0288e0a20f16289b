import type { EventData } from './event.ts';
import type { Position } from './position.ts';

/** A record that has no usable key, kept until a person decides (O8). */
export interface QuarantinedRecord {
  readonly position: Position;
  readonly arrivedAt: number;
  readonly data: EventData;
  readonly size: number;
  /** What the key function threw or returned. */
  readonly reason: string;
}

export interface QuarantineSignal {
  readonly leaseUntil: number;
  readonly records: readonly QuarantinedRecord[];
}

export interface QuarantineInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly signalsPerRun: number;
  readonly carried?: QuarantineState;
}

export interface QuarantineState {
  readonly records: readonly QuarantinedRecord[];
  readonly marks: Readonly<Record<string, Position>>;
}

/** Answer of the query `quarantine`. */
export interface QuarantineView {
  readonly count: number;
  /** The first ones. */
  readonly records: readonly QuarantinedRecord[];
}
