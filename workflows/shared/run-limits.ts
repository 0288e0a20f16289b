import { workflowInfo } from '@temporalio/workflow';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { RunStage } from './turns.ts';

/** Whatever the server suggests, which can be set: the bridge hands over nothing from contracts/pipeline/history-limits.ts on (O9). */
const LONG_EVENTS = 8000;
const LONG_BYTES = 8 * 1024 * 1024;
/**
 * When a run should continue as new, what runs is let finish until so many times the signals of a run have come, or the
 * history is so large: what the lane holds it has to write once more before, and the server ends a run at 50 MiB.
 */
const PRESSING_AT = 3;
const PRESSING_AT_BYTES = 10 * 1024 * 1024;
/** The same, of runs that began before there were bounds of ours: they have to do what is in their histories. */
const PRESSING_ONCE_AT_BYTES = 20 * 1024 * 1024;
/** Whether an attempt runs or is waited for is asked again when this share of a run's signals has come since. */
const LOOK_AGAIN_AFTER = 0.25;
/** More than this goes into segments first. */
const CARRIED_BYTES = 200 * 1024;
/** More does not fit into the input of the next run, which may have 2 MiB; such a lane first has to drain. */
const MAX_CARRIED_BYTES = 1_950_000;
/** The same, of runs that began before there were segments. */
const MAX_CARRIED_CHARS = 1_500_000;

/** Whether a run of a lane, or of a quarantine, has lasted long enough. Counts its signals, which is no reason for the server to say so. */
export class RunLimits {
  readonly #signalsPerRun: number;
  readonly #isBounded: boolean;
  #signals = 0;
  #lookAgainAt = 0;
  /** Set while what the lane holds does not fit into a next run: the length of its queue then. */
  #tooLargeAt: number | undefined;

  /** @param isBounded false for a run that began before there were bounds of ours, beside what the server suggests */
  constructor(signalsPerRun: number, isBounded = true) {
    this.#signalsPerRun = signalsPerRun;
    this.#isBounded = isBounded;
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
    return this.#isBounded && (historyLength >= LONG_EVENTS || historySize >= LONG_BYTES);
  }

  get stage(): RunStage {
    if (!this.isLong()) return 'short';
    return this.isPressing() ? 'pressing' : 'long';
  }

  /** It can wait no longer for what is in flight. */
  isPressing(): boolean {
    const max = this.#isBounded ? PRESSING_AT_BYTES : PRESSING_ONCE_AT_BYTES;
    return this.#signals >= PRESSING_AT * this.#signalsPerRun || workflowInfo().historySize >= max;
  }

  /** It is time to look, once more, whether a retrying head only waits for its next attempt. */
  isTimeToLook(): boolean {
    return this.#signals >= this.#lookAgainAt;
  }

  looked(): void {
    this.#lookAgainAt = this.#signals + Math.max(1, Math.floor(LOOK_AGAIN_AFTER * this.#signalsPerRun));
  }

  /** Whether a next run would be given more than it should. */
  isLarge(state: object): boolean {
    return jsonBytes(state) > CARRIED_BYTES;
  }

  /** Whether a next run can be given all that the lane holds. When it cannot, a continue-as-new is not due for a while. */
  fits(lane: LaneState, hasSegments: boolean): boolean {
    const fits = hasSegments ? jsonBytes(lane) <= MAX_CARRIED_BYTES : JSON.stringify(lane).length <= MAX_CARRIED_CHARS;
    if (fits) return true;
    this.#tooLargeAt = lane.queue.length;
    return false;
  }
}
