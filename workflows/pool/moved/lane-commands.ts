/**
 * What a pool does for the keys that have moved out: begins their lanes, and forwards to them.
 *
 * Owns which errands are under way. What a key's lane has, MovedKeys says.
 */
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  patched,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { TemporalFailure, WorkflowExecutionAlreadyStartedError, type SearchAttributePair } from '@temporalio/common';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { laneWorkflowId } from '../../../contracts/lane/id.ts';
import { LANE_DETAILS, staticAttributes, summaryOf } from '../../../contracts/lane/start.ts';
import type { LaneInput, RecordsSignal } from '../../../contracts/lane/messages.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import { SIGNALS, WORKFLOW_TYPES } from '../../../contracts/names.ts';
import { memoChange } from '../../lane/publish/appearance.ts';
import { attributesOf } from '../../lane/publish/attributes.ts';
import { emptyLane } from '../../lane/core/machine.ts';
import { askForLatestRun } from '../../shared/questions.ts';
import { lastForwardedTo } from './completed-lane.ts';
import { checksDelivery, laneStartId } from './delivery-check.ts';
import { firstLane } from './first-lane.ts';
import type { LaneCommand, MovedKeys } from './moved-keys.ts';

/** At a time, when there is nothing else to do; and beside batches, whose healthy keys lanes that begin shall not hold up. */
const MAX_CONCURRENT = 50;
const MAX_CONCURRENT_WITH_BATCHES = 4;
/** The wait after one that failed, which doubles for the same key: each try is in the history of the run. */
const AGAIN_MS = 1000;
const MAX_AGAIN_MS = 30_000;

export interface LaneCommandOptions {
  readonly pipeline: string;
  readonly lane: LaneOptions;
  readonly moved: MovedKeys;
  /** Whether healthy keys are being handled, or can be. */
  readonly isBusy: () => boolean;
  /** Takes a key back, with what waits for it. */
  readonly takeBack: (key: string, events: readonly LaneEvent[]) => void;
  /** Is called when one has ended, and when one that failed may be tried again. */
  readonly onInput: () => void;
}

export class LaneCommands {
  readonly #options: LaneCommandOptions;
  /** Runs that began before do not, and their histories say so. */
  readonly #givesWay = patched('lanes give way to batches');
  #underWay = 0;
  /** In a row, by key. */
  readonly #failures = new Map<string, number>();

  constructor(options: LaneCommandOptions) {
    this.#options = options;
  }

  /** None is being done just now. */
  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  get hasNews(): boolean {
    return this.#options.moved.hasReady && (this.#underWay < MAX_CONCURRENT_WITH_BATCHES || this.#mayBeginMany);
  }

  get #mayBeginMany(): boolean {
    return this.#underWay < MAX_CONCURRENT && !(this.#givesWay && this.#options.isBusy());
  }

  start(): void {
    while (this.hasNews) {
      const command = this.#options.moved.start();
      if (command === undefined) return;
      this.#underWay += 1;
      void this.#do(command);
    }
  }

  async #do(command: LaneCommand): Promise<void> {
    const { moved, onInput } = this.#options;
    const { key } = command;
    const failed = await this.#attempt(command);
    this.#underWay -= 1;
    onInput();
    if (failed === undefined) {
      this.#failures.delete(key);
      return;
    }
    const { error } = failed;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    log.warn('The lane of a key cannot be given what is meant for it; it is tried again', { error, key, failures });
    await sleep(Math.min(AGAIN_MS * 2 ** (failures - 1), MAX_AGAIN_MS));
    moved.failed(command);
    onInput();
  }

  /** Returns what went wrong when the errand has to be tried again. */
  async #attempt(command: LaneCommand): Promise<{ readonly error: unknown } | undefined> {
    try {
      if (command.kind === 'start' && command.deliveryUnknown) {
        const hasStarted = await this.#hasStarted(command);
        if (hasStarted === undefined) throw new Error('Whether its lane has begun already is not known');
        if (hasStarted) return undefined;
      }
      await (command.kind === 'start' ? this.#start(command) : this.#forward(command));
      this.#succeeded(command);
      return undefined;
    } catch (error) {
      const isHandled = await (command.kind === 'forward'
        ? mayBeGone(error) && this.#afterEnd(command)
        : error instanceof WorkflowExecutionAlreadyStartedError && this.#hasStarted(command));
      return isHandled ? undefined : { error };
    }
  }

  #succeeded(command: LaneCommand): void {
    const { moved, takeBack } = this.#options;
    const back = moved.succeeded(command);
    if (back !== undefined) takeBack(command.key, back);
  }

  async #start({ key, start }: LaneCommand & { readonly kind: 'start' }): Promise<void> {
    const { pipeline, lane: options } = this.#options;
    const lane = start.kind === 'fresh' ? firstLane(start, Date.now()) : emptyLane(Date.now());
    const input: LaneInput = {
      version: 1,
      pipeline,
      key,
      options,
      pool: workflowInfo().workflowId,
      ...(start.kind === 'fresh' ? { carried: lane } : { predecessor: start.predecessor }),
    };
    const attributes = attributesOf(lane).filter(({ value }) => value !== null) as SearchAttributePair[];
    const memo = { ...memoChange(key, lane), startId: laneStartId(start) };
    await startChild(WORKFLOW_TYPES.lane, {
      workflowId: laneWorkflowId(pipeline, key),
      args: [input],
      typedSearchAttributes: [...staticAttributes(pipeline, key), ...attributes],
      memo: Object.fromEntries(Object.entries(memo).filter(([, value]) => value !== null)),
      // It outlives this run, whatever becomes of that (O5).
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      staticSummary: summaryOf(key),
      staticDetails: LANE_DETAILS,
    });
  }

  async #forward({ key, events }: LaneCommand & { readonly kind: 'forward' }): Promise<void> {
    // No lease: only this pool sends to the lane, and never the same again after something else (O6).
    const signal: RecordsSignal = { leaseUntil: Number.MAX_SAFE_INTEGER, events };
    const handle = getExternalWorkflowHandle(laneWorkflowId(this.#options.pipeline, key));
    await handle.signal<[RecordsSignal]>(SIGNALS.records, signal);
  }

  /**
   * Whether a run of this pool that was ended from outside, or a reset one, has begun the lane already; if so, what has become
   * of the lane settles the errand. Undefined when that cannot be known just now.
   */
  async #hasStarted(command: LaneCommand & { readonly kind: 'start' }): Promise<boolean | undefined> {
    const { moved, pipeline } = this.#options;
    const { start, key } = command;
    if (start.kind !== 'fresh' && !checksDelivery()) return false;
    const latest = await askForLatestRun(laneWorkflowId(pipeline, key));
    if (latest === undefined) return undefined;
    if (latest.state === 'unknown' || latest.startId !== laneStartId(start)) return false;
    if (latest.state === 'open') this.#succeeded(command);
    else if (!checksDelivery()) return false;
    else if (latest.state === 'ended') moved.begunAgain(command, latest.run);
    else return await this.#takeBackFrom(latest.runId, key);
    return true;
  }

  /** No lane was there to be forwarded to. Not true when that has to be tried again. */
  async #afterEnd(command: LaneCommand & { readonly kind: 'forward' }): Promise<boolean | undefined> {
    const { moved, pipeline, takeBack } = this.#options;
    const back = moved.gone(command);
    if (back !== undefined) {
      takeBack(command.key, back);
      return true;
    }
    const latest = await askForLatestRun(laneWorkflowId(pipeline, command.key));
    if (latest === undefined || latest.state === 'open') return false;
    if (latest.state === 'completed' && checksDelivery()) return await this.#takeBackFrom(latest.runId, command.key);
    if (latest.state === 'ended') moved.begunAgain(command, latest.run);
    // It had finished everything, and its word was lost with a run of this pool.
    else takeBack(command.key, moved.take(command.key, 0));
    return true;
  }

  /**
   * Takes back a key whose lane has ended as it should, without what the lane was given: that may be more than is known here.
   * @returns undefined when that cannot be known just now
   */
  async #takeBackFrom(runId: string, key: string): Promise<true | undefined> {
    const { moved, pipeline, takeBack } = this.#options;
    const through = await lastForwardedTo({ workflowId: laneWorkflowId(pipeline, key), runId });
    if (through === undefined) return undefined;
    takeBack(key, moved.take(key, through));
    return true;
  }
}

/**
 * Whether the lane that was to be sent something may be gone. Whatever the refusal says, it has not arrived, and how the
 * lane's latest run is decides what becomes of it: a refusal has no class of its own, and its text may change.
 */
function mayBeGone(error: unknown): boolean {
  return error instanceof TemporalFailure && !isCancellation(error);
}
