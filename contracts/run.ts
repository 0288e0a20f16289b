import type { EventLimits } from './event/weight.ts';

/** A run of a lane that somebody ended from outside: a new one has to take over what it held. */
export interface EndedRun {
  readonly runId: string;
  /** As Temporal names it: `TERMINATED`, `TIMED_OUT`, ... */
  readonly how: string;
  /** ms since 1970 */
  readonly at: number;
}

/**
 * The run that whoever began another one took for the latest, and when it asked. Between the question and the start another
 * process may have begun a run that was ended externally: so the new run looks itself what came before it (O5).
 */
export interface StartedAfter {
  readonly runId: string;
  /** By the clock of the process that asked; ms since 1970. */
  readonly seenAt: number;
}

/** Type of the failure when Temporal does not have the run any more. */
export const RUN_GONE = 'RunGone';

/** A place in the history of a run. */
export interface SignalsFrom {
  /** Token of a page of the history, base64; absent for the first one. */
  readonly page?: string;
  /** Id of the last event that has been taken in. */
  readonly after: number;
}

/** What the query `tail` gives at a time, of bytes as they are in its answer. */
export const TAIL_PAGE: EventLimits = { events: 5000, bytes: 512 * 1024 };

export interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}
