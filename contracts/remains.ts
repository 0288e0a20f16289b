import type { EventLimits } from './event-weight.ts';
import type { LaneMemo, LaneState, RecordsSignal } from './lane.ts';
import type { QuarantineState } from './quarantine.ts';

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
export interface BegunAfter {
  readonly runId: string;
  /** By the clock of the process that asked; ms since 1970. */
  readonly seenAt: number;
}

/** How the latest run of a workflow is. */
export type LatestRun = (
  | { readonly state: 'open' }
  | { readonly state: 'completed'; readonly runId: string }
  /** From outside. */
  | { readonly state: 'ended'; readonly run: EndedRun }
  /** Temporal has none, or has forgotten it. */
  | { readonly state: 'unknown' }
) &
  Pick<LaneMemo, 'begun'>;

/** Type of the failure when Temporal does not have the run any more. */
export const RUN_GONE = 'RunGone';

/** What an ended run held when it last did something. What came after that is read as {@link LeftSignals}. */
export type Remains =
  /** `state` is absent when it never did anything. `tail`: so many events are behind it, and are asked for in pages. */
  | {
      readonly kind: 'held';
      readonly state?: LaneState;
      /** See {@link LaneRemains}. */
      readonly queue?: number;
      readonly tail: number;
      readonly from: SignalsFrom;
    }
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

/** Answer of the query `remains`. A lane that moves may hold more than Temporal takes in an answer. */
export interface LaneRemains {
  /** Without its tail. */
  readonly state: LaneState;
  /** Events of the tail: see the query `tail`. */
  readonly tail: number;
  /**
   * Set when the queue would make the answer larger than Temporal takes: the state is without it, and the query `tail` gives
   * so many events of the queue first.
   */
  readonly queue?: number;
  /** Set until what this run had to take over is in its state. */
  readonly predecessor?: EndedRun;
}

/** The same of a quarantine, without its records. */
export interface QuarantineRemains extends Omit<LaneRemains, 'state'> {
  readonly state: QuarantineState;
}

/** What the query `tail` gives at a time, of bytes as they are in its answer. */
export const TAIL_PAGE: EventLimits = { events: 5000, bytes: 512 * 1024 };

export interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}
