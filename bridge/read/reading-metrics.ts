/** Records by what became of them, counted since the last time they were told. */
export interface RecordCounts {
  readonly read: number;
  /** By a lane or the quarantine. */
  readonly takenOver: number;
  readonly filtered: number;
  /** Among those taken over. */
  readonly quarantined: number;
  /** Records of aggregates that belong to another shard; among those read. */
  readonly misrouted: number;
}

/** Reading of a pipeline by this process, as it is now. */
export interface ReadingFigures {
  /** Shards that its readers have. */
  readonly shards: number;
  /** Those of them that cannot be read. */
  readonly unreadable: number;
  /** The largest over the shards; undefined while none is known. */
  readonly lagMs: number | undefined;
  /** The smallest over the shards, 0 when records are being lost; undefined while none is known. */
  readonly untilLossMs: number | undefined;
  readonly recordsInFlight: number;
  readonly bytesInFlight: number;
  /** Lanes that take nothing more for now, since nobody works them off. */
  readonly lanesFull: number;
}

export interface StreamFigures {
  /** Another stream was found in place of the pipeline's own. */
  readonly changed: boolean;
  /** The stream does not keep the order of a key, and the settings do not accept that. */
  readonly unordered: boolean;
}

/** Where figures of a pipeline's reading go. Never throws. */
export interface ReadingMetrics {
  count(counts: RecordCounts): void;
  /** Records were gone from the source before they were read (O10). */
  gap(): void;
  show(figures: ReadingFigures): void;
  /** What the latest listings say of the stream itself. */
  showStream(figures: StreamFigures): void;
}
