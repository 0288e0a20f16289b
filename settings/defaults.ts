import { CONFIRM_EVERY_MS } from '../contracts/pipeline/lease.ts';
import { DEFAULT_RETRY_POLICY } from '../contracts/event/failure.ts';
import { DEFAULT_INLINE_BYTES, MAX_INLINE_BYTES } from '../contracts/event/large-events.ts';
import { DEFAULT_LANE_OPTIONS } from '../contracts/lane/options.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../contracts/pipeline/options.ts';
import { DEFAULT_POOL_OPTIONS } from '../contracts/pool/options.ts';

/** Deadline of one request to Temporal. Not a setting: the minimum idle time of a lane depends on it (O6). */
export const REQUEST_TIMEOUT_MS = 10_000;

/**
 * How long a reader may not know that it was replaced: see bridge/lease/lease.ts. The minimum idle time depends on it
 * too.
 */
export const LEASE_CONFIRMED_EVERY_MS = CONFIRM_EVERY_MS;

/** The values of settings that are not in the file; contracts/public/config.ts documents the same numbers. */
export const DEFAULTS = {
  taskQueue: 'keylane',
  logKeys: true,
  startAt: 'TRIM_HORIZON',
  retry: DEFAULT_RETRY_POLICY,
  timeoutMs: 30_000,
  stopTimeoutMs: 60_000,
  lane: DEFAULT_LANE_OPTIONS,
  pools: 4,
  pool: DEFAULT_POOL_OPTIONS,
  pipeline: DEFAULT_PIPELINE_OPTIONS,
  reading: {
    recordsInFlight: 10_000,
    bytesInFlight: 64 * 1024 * 1024,
    requestsInFlight: 64,
    idlePollMs: 1000,
    warnBeforeMs: 6 * 3_600_000,
  },
  largeEvents: { above: DEFAULT_INLINE_BYTES, aboveWithoutStore: MAX_INLINE_BYTES },
} as const;
