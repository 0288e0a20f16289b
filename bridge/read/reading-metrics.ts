/** Records by outcome, counted since the last report. */
export interface RecordCounts {
  readonly read: number;
  /** Accepted by a lane or the quarantine. */
  readonly accepted: number;
  readonly filtered: number;
  /** Among those accepted. */
  readonly quarantined: number;
  /** Records of aggregates that belong to another shard; among those read. */
  readonly misrouted: number;
}

/** The current figures of this process reading a pipeline. */
export interface ReadingFigures {
  /** Shards of its readers. */
  readonly shards: number;
  /** Shards among them that cannot be read. */
  readonly unreadable: number;
  /** The largest over the shards; undefined while none is known. */
  readonly lagMs: number | undefined;
  /** The smallest over the shards, 0 when records are being lost; undefined while none is known. */
  readonly untilLossMs: number | undefined;
  readonly recordsInFlight: number;
  readonly bytesInFlight: number;
  /** Lanes that accept no events for now, since no worker processes them. */
  readonly lanesFull: number;
}

export interface StreamFigures {
  /** Another stream was found in place of the pipeline's. */
  readonly changed: boolean;
  /** The stream does not keep the order of a key, and the settings do not accept that. */
  readonly unordered: boolean;
}

/** Receives the figures of a pipeline's reading. Never throws. */
export interface ReadingMetrics {
  count(counts: RecordCounts): void;
  /** Records were gone from the source before they were read (O10). */
  gap(): void;
  show(figures: ReadingFigures): void;
  /** What the latest listings say about the stream itself. */
  showStream(figures: StreamFigures): void;
}
