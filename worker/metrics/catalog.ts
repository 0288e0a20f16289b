/*
 * Keylane's metrics. The names are what people's alerts and boards are made of, so they never change; docs/metrics.md
 * explains each. All are tagged with the pipeline and with nothing else: a tag per shard or key would be thousands of
 * series, and `keylane status` and `keylane blocked` name them.
 */

export interface Metric {
  readonly name: `keylane_${string}`;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

export const READING_METRICS = {
  read: {
    name: 'keylane_records_read_total',
    kind: 'counter',
    help: 'Records read from the source',
  },
  accepted: {
    name: 'keylane_records_taken_over_total',
    kind: 'counter',
    help: 'Records that a lane or the quarantine holds durably',
  },
  filtered: {
    name: 'keylane_records_filtered_total',
    kind: 'counter',
    help: 'Records that the filter dropped',
  },
  quarantined: {
    name: 'keylane_records_quarantined_total',
    kind: 'counter',
    help: 'Records without a usable key, among those taken over',
  },
  misrouted: {
    name: 'keylane_records_misrouted_total',
    kind: 'counter',
    help: 'Records of aggregates that belong to another shard, among those read',
  },
  gaps: {
    name: 'keylane_gaps_total',
    kind: 'counter',
    help: 'Times at which records were gone from the source before they were read',
  },
  lag: {
    name: 'keylane_reading_lag_seconds',
    kind: 'gauge',
    help: 'How far reading is behind, the largest over the shards that this process reads',
  },
  untilLoss: {
    name: 'keylane_time_until_loss_seconds',
    kind: 'gauge',
    help: 'How long until unread records are lost, the smallest over the shards that this process reads',
  },
  shards: {
    name: 'keylane_shards_reading',
    kind: 'gauge',
    help: 'Shards that readers of this process have',
  },
  unreadable: {
    name: 'keylane_shards_unreadable',
    kind: 'gauge',
    help: 'Shards that readers of this process have and cannot read',
  },
  recordsInFlight: {
    name: 'keylane_records_in_flight',
    kind: 'gauge',
    help: 'Records read and not taken over yet',
  },
  bytesInFlight: {
    name: 'keylane_bytes_in_flight',
    kind: 'gauge',
    help: 'Bytes of the records in flight',
  },
  lanesFull: {
    name: 'keylane_lanes_full',
    kind: 'gauge',
    help: 'Lanes that take nothing more for now, since no worker works them off',
  },
  streamChanged: {
    name: 'keylane_stream_changed',
    kind: 'gauge',
    help: '1 while another stream is found in place of the one that the pipeline reads, and nothing is read',
  },
  streamUnordered: {
    name: 'keylane_stream_unordered',
    kind: 'gauge',
    help: '1 while the stream does not keep the records of a key in order, and the settings do not accept that',
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Of a pipeline as a whole, the same in each process that reads it. These have the hosting as a tag, too. */
export const KEY_METRICS = {
  blocked: {
    name: 'keylane_blocked_keys',
    kind: 'gauge',
    help: 'Keys that are blocked now',
  },
  retrying: {
    name: 'keylane_retrying_keys',
    kind: 'gauge',
    help: 'Keys whose first event has failed and is tried again',
  },
  paused: {
    name: 'keylane_paused_keys',
    kind: 'gauge',
    help: 'Keys that are paused now',
  },
  quarantined: {
    name: 'keylane_quarantine_records',
    kind: 'gauge',
    help: 'Records that are in the quarantine now',
  },
} as const satisfies Readonly<Record<string, Metric>>;

export const HANDLING_METRICS = {
  handled: {
    name: 'keylane_events_handled_total',
    kind: 'counter',
    help: 'Events handled successfully',
  },
  attemptsFailed: {
    name: 'keylane_attempts_failed_total',
    kind: 'counter',
    help: 'Attempts at an event that failed',
  },
  blocked: {
    name: 'keylane_keys_blocked_total',
    kind: 'counter',
    help: 'Times at which a key was blocked',
  },
  rejections: {
    name: 'keylane_unhandled_rejections_total',
    kind: 'counter',
    help: 'Promises of handlers that were rejected and that no code awaits',
  },
  duration: {
    name: 'keylane_handler_duration_seconds',
    kind: 'histogram',
    help: 'How long calls of the handler took',
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Upper bounds of the buckets, by the name of the histogram. */
export const BUCKETS: Record<string, number[]> = {
  [HANDLING_METRICS.duration.name]: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
};
