/**
 * Says when a run of a lane, a pool or a quarantine should continue as new.
 *
 * Owns the count of the run's signals, which is no reason for the server to suggest it.
 */
import { workflowInfo } from '@temporalio/workflow';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { RunStage } from './turns.ts';

/** Whatever the server suggests, which can be configured: from contracts/pipeline/history-limits.ts on the bridge sends nothing (O9). */
const LONG_EVENTS = 8000;
const LONG_BYTES = 8 * 1024 * 1024;
/**
 * A run that should continue as new lets what runs finish, until this many times the signals of a run have arrived or the
 * history has this size: the run still has to write what it holds, and the server terminates a run at 50 MiB.
 */
const PRESSING_AT = 3;
const PRESSING_AT_BYTES = 10 * 1024 * 1024;
/** Whether an attempt is running or waited for is asked again when this share of a run's signals has arrived since. */
const LOOK_AGAIN_AFTER = 0.25;
/** More than this goes into segments first. */
const CARRIED_BYTES = 200 * 1024;
/** More does not fit into the input of the next run, which Temporal limits to 2 MiB. */
export const MAX_CARRIED_BYTES = 1_950_000;

export class RunLimits {
  readonly #signalsPerRun: number;
  #signals = 0;
  #lookAgainAt = 0;
  /** Set while what the lane holds does not fit into a next run: the length of its queue then. */
  #tooLargeAt: number | undefined;

  constructor(signalsPerRun: number) {
    this.#signalsPerRun = signalsPerRun;
  }

  countSignal(): void {
    this.#signals += 1;
  }

  /** The run should continue as new, as soon as nothing is in flight. */
  isDue(lane: LaneState): boolean {
    return this.isLong() && (this.#tooLargeAt === undefined || lane.queue.length < this.#tooLargeAt);
  }

  isLong(): boolean {
    const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
    if (continueAsNewSuggested || this.#signals >= this.#signalsPerRun) return true;
    return historyLength >= LONG_EVENTS || historySize >= LONG_BYTES;
  }

  get stage(): RunStage {
    if (!this.isLong()) return 'short';
    return this.isPressing() ? 'pressing' : 'long';
  }

  /** The run can wait no longer for what is in flight. */
  isPressing(): boolean {
    return this.#signals >= PRESSING_AT * this.#signalsPerRun || workflowInfo().historySize >= PRESSING_AT_BYTES;
  }

  /** It is time to look, once more, whether a retrying head only waits for its next attempt. */
  isTimeToLook(): boolean {
    return this.#signals >= this.#lookAgainAt;
  }

  looked(): void {
    this.#lookAgainAt = this.#signals + Math.max(1, Math.floor(LOOK_AGAIN_AFTER * this.#signalsPerRun));
  }

  /** Whether a next run would be given more than it should be. */
  isLarge(state: object): boolean {
    return jsonBytes(state) > CARRIED_BYTES;
  }

  /** Whether a next run can be given all that the lane holds. If not, a continue-as-new is not due until its queue is shorter. */
  fits(lane: LaneState): boolean {
    if (jsonBytes(lane) <= MAX_CARRIED_BYTES) return true;
    this.#tooLargeAt = lane.queue.length;
    return false;
  }
}
