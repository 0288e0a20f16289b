/** Runs of a workflow, and what a run that was terminated externally held. Knows nothing of lanes, pools and quarantines. */
import type { EventLimits } from './event/weight.ts';

export interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}

/** A run that was terminated externally (terminated, failed or timed out): the next run has to recover what it held. */
export interface EndedRun {
  readonly runId: string;
  /** Temporal's name of the status: `TERMINATED`, `TIMED_OUT`, ... */
  readonly how: string;
  /** When it was closed, ms since 1970. */
  readonly at: number;
}

/**
 * The run that the starter of another run took for the latest one, and when it asked. Between that question and the start
 * another process may have started a run that was terminated since. So the new run itself looks for the run before it (O5).
 */
export interface StartedAfter {
  readonly runId: string;
  /** By the clock of the process that asked; ms since 1970. */
  readonly seenAt: number;
}

/** The state of the latest run of a workflow. */
export type LatestRun = (
  | { readonly state: 'open' }
  | { readonly state: 'completed'; readonly runId: string }
  /** It was terminated externally. */
  | { readonly state: 'ended'; readonly run: EndedRun }
  /** Temporal has no run of this workflow, or has deleted it. */
  | { readonly state: 'unknown' }
) & {
  /** See `startId` of LaneMemo. */
  readonly startId?: string;
};

/** A place in the history of a run. */
export interface HistoryPlace {
  /** Token of a page of the history, base64; null for the first page. */
  readonly page: string | null;
  /** Id of the last event before this place; 0 is the beginning. */
  readonly after: number;
}

/**
 * Answer of the query `runSnapshot`: what a run holds, for the run that recovers it. Its items (events or records) may be more
 * than Temporal takes in one answer, so they are not in the state: the query `snapshotPage` gives them.
 */
export type RunSnapshot<State> =
  | { readonly kind: 'state'; readonly state: State; readonly items: number }
  /** The run is itself recovering another one. Until it is done, all that it holds is held by that one or in its own history. */
  | { readonly kind: 'recovering'; readonly predecessor: EndedRun };

/** How much the query `snapshotPage` answers, in bytes as its answer has them. A single larger item is allowed. */
export const MAX_SNAPSHOT_PAGE: EventLimits = { events: 5000, bytes: 512 * 1024 };
