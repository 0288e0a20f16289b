/** How large a lane's history may be for the bridge to hand over more to it (O9). */
export interface HistoryLimits {
  /** While no worker works the lane off. */
  readonly stalled: HistorySize;
  /** While one does: by then the lane has stopped whatever it does to continue as new. */
  readonly active: HistorySize;
}

export interface HistorySize {
  readonly events: number;
  readonly bytes: number;
}

const MIB = 1024 * 1024;

/**
 * The server ends a run at 51,200 events or 50 MiB, and refuses its 10,001st signal. What a lane holds it writes once more
 * at the most, into segments or activities, before it continues as new; so bytes may double, awake or not. A sleeping lane
 * has one event for each signal. One at work has up to four, and stops its work for a new run at 6,000 signals or 10 MiB:
 * see workflows/shared/run-limits.ts.
 */
export const DEFAULT_HISTORY_LIMITS: HistoryLimits = {
  stalled: { events: 6000, bytes: 12 * MIB },
  active: { events: 30_000, bytes: 12 * MIB },
};
