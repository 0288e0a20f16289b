/*
 * Keylane's metrics. Users' alerts and dashboards depend on the names, so they never change; docs/metrics.md explains each. All are tagged only with the pipeline: a tag for each shard or key would make thousands of series, and `keylane status` and `keylane blocked` list those.
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
    name: 'keylane_records_accepted_total',
    kind: 'counter',
    help: 'Records accepted by a lane or the quarantine, which hold them durably',
  },
  filtered: {
    name: 'keylane_records_filtered_total',
    kind: 'counter',
    help: 'Records that the filter dropped',
  },
  quarantined: {
    name: 'keylane_records_quarantined_total',
    kind: 'counter',
    help: 'Records without a usable key, among those accepted',
  },
  misrouted: {
    name: 'keylane_records_misrouted_total',
    kind: 'counter',
    help: 'Records of aggregates that belong to another shard, among those read',
  },
  gaps: {
    name: 'keylane_gaps_total',
    kind: 'counter',
    help: 'Gaps: records were gone from the source before they were read',
  },
  lag: {
    name: 'keylane_reading_lag_seconds',
    kind: 'gauge',
    help: 'How far reading is behind; the maximum over the shards of this process',
  },
  untilLoss: {
    name: 'keylane_time_until_loss_seconds',
    kind: 'gauge',
    help: 'How long until unread records expire in the source; the minimum over the shards of this process',
  },
  shards: {
    name: 'keylane_shards_reading',
    kind: 'gauge',
    help: 'Shards assigned to readers of this process',
  },
  unreadable: {
    name: 'keylane_shards_unreadable',
    kind: 'gauge',
    help: 'Shards assigned to readers of this process that cannot be read',
  },
  recordsInFlight: {
    name: 'keylane_records_in_flight',
    kind: 'gauge',
    help: 'Records read and not accepted yet',
  },
  bytesInFlight: {
    name: 'keylane_bytes_in_flight',
    kind: 'gauge',
    help: 'Bytes of the records in flight',
  },
  lanesFull: {
    name: 'keylane_lanes_full',
    kind: 'gauge',
    help: 'Lanes that accept no more events for now, since no worker processes them',
  },
  streamChanged: {
    name: 'keylane_stream_changed',
    kind: 'gauge',
    help: "1 while another stream is found in place of the pipeline's, so that nothing is read",
  },
  streamUnordered: {
    name: 'keylane_stream_unordered',
    kind: 'gauge',
    help: '1 while the stream does not keep the order of a key, and the settings do not accept that',
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Metrics of a whole pipeline, the same in each process that reads it. They are tagged with the hosting too. */
export const KEY_METRICS = {
  blocked: {
    name: 'keylane_blocked_keys',
    kind: 'gauge',
    help: 'Keys that are blocked now',
  },
  retrying: {
    name: 'keylane_retrying_keys',
    kind: 'gauge',
    help: 'Keys whose current event has failed and is retried',
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
    help: 'How often a key was blocked',
  },
  rejections: {
    name: 'keylane_unhandled_rejections_total',
    kind: 'counter',
    help: 'Rejected promises of handlers that no code awaits',
  },
  duration: {
    name: 'keylane_handler_duration_seconds',
    kind: 'histogram',
    help: 'Duration of handler calls',
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Upper bounds of the buckets, by the name of the histogram. */
export const BUCKETS: Record<string, number[]> = {
  [HANDLING_METRICS.duration.name]: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
};
