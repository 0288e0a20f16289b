/** Of all workflows of the run, together. */
export interface HistoryFigures {
  readonly workflows: number;
  readonly events: number;
  readonly bytes: number;
  /** Billable actions of Temporal Cloud. */
  readonly actions: number;
}
