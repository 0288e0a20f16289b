/**
 * What a pool does for the keys that have moved out: starts their lanes, and forwards to them.
 *
 * Owns which commands are in progress, and what has come of them until the host takes it. What a key's lane has, MovedKeys
 * says, and only the host changes that.
 */
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { TemporalFailure, WorkflowExecutionAlreadyStartedError, type SearchAttributePair } from '@temporalio/common';
import { laneWorkflowId } from '../../../contracts/lane/id.ts';
import { VERSION } from '../../../contracts/version.ts';
import { LANE_DETAILS, staticAttributes, summaryOf } from '../../../contracts/lane/start.ts';
import type { LaneInput, RecordsSignal } from '../../../contracts/lane/messages.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import { SIGNALS, WORKFLOW_TYPES } from '../../../contracts/names.ts';
import { memoChange } from '../../lane/publish/appearance.ts';
import { attributesOf } from '../../lane/publish/attributes.ts';
import { emptyLane } from '../../lane/core/machine.ts';
import { askForLatestRun } from '../../shared/questions.ts';
import { lastForwardedTo } from './completed-lane.ts';
import type { EndedRun } from '../../../contracts/run.ts';
import { laneStartId } from './delivery-check.ts';
import { firstLane } from './first-lane.ts';
import type { LaneCommand, MovedKeys } from './moved-keys.ts';

/** Commands at a time when there is nothing else to do, and beside batches, whose healthy keys starting lanes must not hold up. */
const MAX_CONCURRENT = 50;
const MAX_CONCURRENT_WITH_BATCHES = 4;
/** The wait after a command failed, which doubles for the same key: each attempt is in the history of the run. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

/** What has come of a command. */
export type CommandOutcome = { readonly command: LaneCommand } & (
  | { readonly kind: 'delivered' }
  /** Not delivered, and the wait after that is over. */
  | { readonly kind: 'retry' }
  /** The lane was terminated, and a new run has to recover it. */
  | { readonly kind: 'lane terminated'; readonly run: EndedRun }
  /** The lane has finished all that it was given, up to this number, and is gone. */
  | { readonly kind: 'lane completed'; readonly through: number }
);

export interface LaneCommandOptions {
  readonly pipeline: string;
  readonly lane: LaneOptions;
  readonly moved: MovedKeys;
  /** Whether healthy keys are being handled, or can be. */
  readonly isBusy: () => boolean;
  /** Is called when there is an outcome. */
  readonly onInput: () => void;
}

export class LaneCommands {
  readonly #options: LaneCommandOptions;
  #inProgress = 0;
  #outcomes: CommandOutcome[] = [];
  /** In a row, by key. */
  readonly #failures = new Map<string, number>();

  constructor(options: LaneCommandOptions) {
    this.#options = options;
  }

  /** No command is in progress, and the host has taken what has come of them. */
  get isQuiet(): boolean {
    return this.#inProgress === 0 && !this.hasOutcomes;
  }

  get hasOutcomes(): boolean {
    return this.#outcomes.length > 0;
  }

  /** Whether {@link start} would start a command. */
  get mayStart(): boolean {
    return this.#options.moved.hasReady && (this.#inProgress < MAX_CONCURRENT_WITH_BATCHES || this.#mayStartMany);
  }

  get #mayStartMany(): boolean {
    return this.#inProgress < MAX_CONCURRENT && !this.#options.isBusy();
  }

  /** What has come of commands since this was last asked. */
  outcomes(): readonly CommandOutcome[] {
    return this.#outcomes.splice(0);
  }

  start(): void {
    while (this.mayStart) {
      const command = this.#options.moved.start();
      if (command === undefined) return;
      this.#inProgress += 1;
      void this.#do(command);
    }
  }

  async #do(command: LaneCommand): Promise<void> {
    const { key } = command;
    const outcome = await this.#attempt(command);
    this.#inProgress -= 1;
    if (!('error' in outcome)) {
      this.#failures.delete(key);
      return this.#ended(outcome);
    }
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    log.warn('Could not start or signal the lane of a key; retrying', { error: outcome.error, key, failures });
    this.#options.onInput();
    await sleep(Math.min(RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS));
    this.#ended({ kind: 'retry', command });
  }

  #ended(outcome: CommandOutcome): void {
    this.#outcomes.push(outcome);
    this.#options.onInput();
  }

  /** Gives what went wrong when the command has to be tried again. */
  async #attempt(command: LaneCommand): Promise<CommandOutcome | { readonly error: unknown }> {
    try {
      if (command.kind === 'start' && command.deliveryUnknown) {
        const started = await this.#startedBefore(command);
        if (started === undefined) throw new Error('It is not known whether its lane was started before');
        if (started !== false) return started;
      }
      await (command.kind === 'start' ? this.#start(command) : this.#forward(command));
      return { kind: 'delivered', command };
    } catch (error) {
      const outcome = await this.#afterError(command, error);
      return outcome === undefined || outcome === false ? { error } : outcome;
    }
  }

  async #afterError(command: LaneCommand, error: unknown): Promise<CommandOutcome | false | undefined> {
    if (command.kind === 'forward') return mayBeGone(error) ? await this.#afterEnd(command) : undefined;
    return error instanceof WorkflowExecutionAlreadyStartedError ? await this.#startedBefore(command) : undefined;
  }

  async #start({ key, start }: LaneCommand & { readonly kind: 'start' }): Promise<void> {
    const { pipeline, lane: options } = this.#options;
    const lane = start.kind === 'fresh' ? firstLane(start, Date.now()) : emptyLane(Date.now());
    const input: LaneInput = {
      version: VERSION,
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
   * What has become of a lane that a terminated run of this pool, or one that was reset, has started already. False when it
   * has not, undefined when that cannot be learned now.
   */
  async #startedBefore(command: LaneCommand & { readonly kind: 'start' }): Promise<CommandOutcome | false | undefined> {
    const { start, key } = command;
    const latest = await askForLatestRun(laneWorkflowId(this.#options.pipeline, key));
    if (latest === undefined) return undefined;
    if (latest.state === 'unknown' || latest.startId !== laneStartId(start)) return false;
    if (latest.state === 'open') return { kind: 'delivered', command };
    if (latest.state === 'ended') return { kind: 'lane terminated', command, run: latest.run };
    return await this.#completed(command, latest.runId);
  }

  /** No lane was there to be forwarded to. Undefined when the command has to be tried again. */
  async #afterEnd(command: LaneCommand & { readonly kind: 'forward' }): Promise<CommandOutcome | undefined> {
    const { moved, pipeline } = this.#options;
    const finished = moved.finishedOf(command);
    if (finished !== undefined) return { kind: 'lane completed', command, through: finished };
    const latest = await askForLatestRun(laneWorkflowId(pipeline, command.key));
    if (latest === undefined || latest.state === 'open') return undefined;
    if (latest.state === 'completed') return await this.#completed(command, latest.runId);
    if (latest.state === 'ended') return { kind: 'lane terminated', command, run: latest.run };
    // It had finished everything, and its `finished` signal was lost with a run of this pool.
    return { kind: 'lane completed', command, through: 0 };
  }

  /** The lane was given what this command says, or more than is known here. Undefined when that cannot be learned now. */
  async #completed(command: LaneCommand, runId: string): Promise<CommandOutcome | undefined> {
    const workflowId = laneWorkflowId(this.#options.pipeline, command.key);
    const through = await lastForwardedTo({ workflowId, runId });
    return through === undefined ? undefined : { kind: 'lane completed', command, through };
  }
}

/**
 * Whether the lane that was to be sent something may be gone. Whatever the refusal says, it has not arrived, and how the
 * lane's latest run is decides what becomes of it: a refusal has no class of its own, and its text may change.
 */
function mayBeGone(error: unknown): boolean {
  return error instanceof TemporalFailure && !isCancellation(error);
}
