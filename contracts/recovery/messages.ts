/** The activities with which a run reads what a terminated run of its workflow held. The same for every kind of workflow. */
import type { EndedRun, HistoryPlace, LatestRun, RunName } from '../run.ts';

/** Temporal does not have the run anymore. No retry brings it back. */
export interface RunGone {
  readonly kind: 'gone';
}

/** What a run held as of its last workflow task. `unseen` is where the signals begin that no workflow task has processed. */
export type SnapshotAnswer =
  /** The run's own answer to the query `runSnapshot`: see RunSnapshot. */
  | { readonly kind: 'snapshot'; readonly snapshot: unknown; readonly unseen: HistoryPlace }
  /**
   * The run never completed a workflow task, so it holds what it was started with: the state of an earlier run in `carried`,
   * or null when it began empty; and in `predecessor` the run that it had to recover itself, or null.
   */
  | {
      readonly kind: 'input';
      readonly carried: unknown;
      readonly predecessor: EndedRun | null;
      readonly unseen: HistoryPlace;
    };

/** Some of the items of a snapshot. There is at least one, unless the page begins behind the last item. */
export interface SnapshotPage {
  readonly kind: 'page';
  readonly items: readonly unknown[];
}

/** Some of the signals `records` that no workflow task of the run has processed, in order. */
export interface SignalsPage {
  readonly kind: 'signals';
  readonly signals: readonly unknown[];
  /** Where the next page begins; null when these are the last ones. */
  readonly next: HistoryPlace | null;
}

export interface RecoveryActivities {
  runSnapshot(run: RunName): Promise<SnapshotAnswer | RunGone>;
  /** @param from index of the first item, from 0 */
  snapshotPage(run: RunName, from: number): Promise<SnapshotPage | RunGone>;
  unseenSignals(run: RunName, from: HistoryPlace): Promise<SignalsPage | RunGone>;
  /** The run that was started last before this one under its workflow id. */
  precedingRun(run: RunName): Promise<LatestRun>;
}
