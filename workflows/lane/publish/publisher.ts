import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { detailsOf, memoChange, statusOf, type LaneStatus } from './appearance.ts';
import { attributesOf } from './attributes.ts';
import { LaneLog } from './lane-log.ts';

/**
 * Writes what is seen of a lane outside of its workflow: current details whenever they are asked for, memo and search
 * attributes when its status changes, since each of these is an event in the history.
 *
 * Owns the status that has been written last.
 */
export class LanePublisher {
  readonly #pipeline: string;
  readonly #key: string;
  readonly #log: LaneLog;
  #status: LaneStatus;

  constructor(pipeline: string, key: string, lane: LaneState) {
    this.#pipeline = pipeline;
    this.#key = key;
    this.#log = new LaneLog(pipeline, key, lane);
    this.#status = statusOf(lane.phase);
  }

  publish(lane: LaneState): void {
    this.describe(lane);
    this.#log.changed(lane);
    const status = statusOf(lane.phase);
    if (status === this.#status) return;
    this.#status = status;
    upsertSearchAttributes(attributesOf(lane));
    upsertMemo(memoChange(this.#key, lane));
  }

  describe(lane: LaneState): void {
    setCurrentDetails(detailsOf(this.#pipeline, this.#key, lane));
  }

  /** A lane that moves describes itself when it does; for one that does not, what waits has changed. */
  accepted(lane: LaneState): void {
    if (this.#status !== 'healthy') this.describe(lane);
  }

  /** A verb has acted or was refused. */
  decided({ decisions }: LaneState): void {
    const decision = decisions.at(-1);
    if (decision !== undefined) this.#log.decided(decision);
  }
}
