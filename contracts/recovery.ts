import type { LaneMemo } from './lane/view.ts';
import type { LaneState } from './lane/state.ts';
import type { RecordsSignal } from './lane/messages.ts';
import type { QuarantineState } from './quarantine/state.ts';
import type { EndedRun, SignalsFrom } from './run.ts';

/** How the latest run of a workflow is. */
export type LatestRun = (
  | { readonly state: 'open' }
  | { readonly state: 'completed'; readonly runId: string }
  /** From outside. */
  | { readonly state: 'ended'; readonly run: EndedRun }
  /** Temporal has none, or has forgotten it. */
  | { readonly state: 'unknown' }
) &
  Pick<LaneMemo, 'startId'>;

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
