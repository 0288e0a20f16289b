import { CancellationScope, condition, isCancellation, log, proxyActivities } from '@temporalio/workflow';
import type { HandlingActivities } from '../../contracts/execution/activities.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import { withoutClaimsToDelete } from './core/claims.ts';

/** A lane that moves has at least this many names deleted at a time: each deletion is an activity in its history. */
const MIN_WHILE_MOVING = 20;
const MAX_AT_A_TIME = 200;

/** About a quarter of an hour; what cannot be deleted by then stays in the store. */
const { deleteData } = proxyActivities<HandlingActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 20 },
});

/**
 * Has the data of large events deleted that a lane needs no longer, beside whatever the lane does.
 *
 * Owns the one activity that may be running for it, and which names it has deleted until the host has taken them out of the
 * lane. Lanes without such data have none.
 */
export class ClaimCleaner {
  readonly #pipeline: string;
  readonly #onEnd: () => void;
  #scope: CancellationScope | undefined;
  #deleted: readonly string[] = [];

  /** @param onEnd is called when a deletion has ended */
  constructor(pipeline: string, onEnd: () => void) {
    this.#pipeline = pipeline;
    this.#onEnd = onEnd;
  }

  /** Whether there is something to take out of the lane, or to start. */
  hasNews(lane: LaneState, isMoving: boolean): boolean {
    return this.#deleted.length > 0 || this.#mayStart(lane, isMoving);
  }

  /** Starts a deletion, if there is enough to delete and none is running. */
  start(lane: LaneState, isMoving: boolean): void {
    if (!this.#mayStart(lane, isMoving)) return;
    const names = (lane.claimsToDelete ?? []).slice(0, MAX_AT_A_TIME);
    const scope = new CancellationScope();
    this.#scope = scope;
    void scope.run(async () => {
      if (await this.#delete(names)) this.#deleted = names;
      this.#scope = undefined;
      this.#onEnd();
    });
  }

  /** The lane without what was deleted since this was last asked. */
  settle(lane: LaneState): LaneState {
    const deleted = this.#deleted;
    this.#deleted = [];
    return deleted.length === 0 ? lane : withoutClaimsToDelete(lane, deleted);
  }

  /** What has not been deleted by now is left to the next run. */
  async stop(): Promise<void> {
    this.#scope?.cancel();
    await condition(() => this.#scope === undefined);
  }

  #mayStart({ claimsToDelete = [] }: LaneState, isMoving: boolean): boolean {
    const isFree = this.#scope === undefined && this.#deleted.length === 0;
    return isFree && claimsToDelete.length >= (isMoving ? MIN_WHILE_MOVING : 1);
  }

  /** Returns false when it was stopped. */
  async #delete(names: readonly string[]): Promise<boolean> {
    try {
      await deleteData(this.#pipeline, names);
    } catch (error) {
      if (isCancellation(error)) return false;
      log.warn('Could not delete the data of large events that are done; it stays in the store', { error, names });
    }
    return true;
  }
}
