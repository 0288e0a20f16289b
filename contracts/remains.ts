import type { LaneState, RecordsSignal } from './lane.ts';

/** A run of a lane that somebody ended from outside: a new one has to take over what it held. */
export interface EndedRun {
  readonly runId: string;
  /** As Temporal names it: `TERMINATED`, `TIMED_OUT`, ... */
  readonly how: string;
  /** ms since 1970 */
  readonly at: number;
}

/** Type of the failure when Temporal does not have the run any more. */
export const RUN_GONE = 'RunGone';

/** What an ended run held when it last did something. What came after that is read as {@link LeftSignals}. */
export type Remains =
  /** `state` is absent when it never did anything. */
  | { readonly kind: 'held'; readonly state?: LaneState; readonly from: SignalsFrom }
  /** It was about to take over from another one itself: nothing of its own is done. */
  | { readonly kind: 'took over'; readonly predecessor: EndedRun; readonly from: SignalsFrom };

/** A place in the history of a run. */
export interface SignalsFrom {
  /** Token of a page of the history, base64; absent for the first one. */
  readonly page?: string;
  /** Id of the last event that has been taken in. */
  readonly after: number;
}

export interface LeftSignals {
  readonly signals: readonly RecordsSignal[];
  /** Absent when there are no more. */
  readonly next?: SignalsFrom;
}

/** Answer of the query `remains`. */
export interface LaneRemains {
  readonly state: LaneState;
  /** Set until what this run had to take over is in its state. */
  readonly predecessor?: EndedRun;
}

export interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}
