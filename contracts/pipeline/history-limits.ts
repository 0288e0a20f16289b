/** The bridge delivers no further events to a lane whose history has reached this size (O9). */
export interface HistoryLimits {
  /** While no worker processes the lane. */
  readonly stalled: HistorySize;
  /** While a worker processes the lane; long before this size, the lane stops its work to continue as new. */
  readonly active: HistorySize;
}

export interface HistorySize {
  readonly events: number;
  readonly bytes: number;
}

const MIB = 1024 * 1024;

/**
 * The server terminates a run at 51,200 events or 50 MiB, and rejects its 10,001st signal. A lane writes what it holds at
 * most once more, into segments or activities, before it continues as new, so its bytes may double. The history of a
 * stalled lane grows by one event per signal, that of an active lane by up to four; an active lane stops its work for a new
 * run at 6,000 signals or 10 MiB (workflows/shared/run-limits.ts).
 */
export const DEFAULT_HISTORY_LIMITS: HistoryLimits = {
  stalled: { events: 6000, bytes: 12 * MIB },
  active: { events: 30_000, bytes: 12 * MIB },
};
