import { CancellationScope, condition, isCancellation, log, proxyActivities } from '@temporalio/workflow';
import type { HandlingActivities } from '../../contracts/execution.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { LaneCell } from './backlog-spiller.ts';
import { withoutClaimsToDelete } from './core/claims.ts';

/** A lane that moves has so many names deleted at a time, each of which costs it an activity otherwise. */
const ENOUGH = 20;
const MAX = 200;

/** About a quarter of an hour; what cannot be deleted by then stays behind. */
const { deleteData } = proxyActivities<HandlingActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 20 },
});

/**
 * Has the data of large events deleted that a lane needs no longer, beside whatever the lane does.
 *
 * Owns the one activity that may be under way for it. Lanes without such data have none.
 */
export class ClaimCleaner {
  readonly #pipeline: string;
  readonly #onEnd: () => void;
  #scope: CancellationScope | undefined;

  /** @param onEnd is called when a deletion has ended */
  constructor(pipeline: string, onEnd: () => void) {
    this.#pipeline = pipeline;
    this.#onEnd = onEnd;
  }

  mayBegin({ claimsToDelete = [] }: LaneState, isMoving: boolean): boolean {
    return this.#scope === undefined && claimsToDelete.length >= (isMoving ? ENOUGH : 1);
  }

  begin(cell: LaneCell): void {
    const names = (cell.lane.claimsToDelete ?? []).slice(0, MAX);
    const scope = new CancellationScope();
    this.#scope = scope;
    void scope.run(async () => {
      if (await this.#delete(names)) cell.lane = withoutClaimsToDelete(cell.lane, names);
      this.#scope = undefined;
      this.#onEnd();
    });
  }

  /** What was not deleted until now is left to the next run. */
  async stop(): Promise<void> {
    this.#scope?.cancel();
    await condition(() => this.#scope === undefined);
  }

  /** Returns false when it was stopped. */
  async #delete(names: readonly string[]): Promise<boolean> {
    try {
      await deleteData(this.#pipeline, names);
    } catch (error) {
      if (isCancellation(error)) return false;
      log.warn('Data of events that are done could not be deleted and stays in the store', { error, names });
    }
    return true;
  }
}
