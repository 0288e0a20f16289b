/**
 * The one piece of work that a lane may have in flight: starts what the lane asks for next, stops it, and says what the lane
 * is after it has ended.
 *
 * Owns the work in flight (lane.H1). The lane's state belongs to its host: each change is returned.
 */
import { condition, log } from '@temporalio/workflow';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import type { LaneInput } from '../../../contracts/lane/messages.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import type { PendingEvent } from '../../../contracts/questions.ts';
import { askForPendingEvent } from '../../shared/questions.ts';
import type { BacklogSpiller } from '../backlog-spiller.ts';
import { batchStarted, headFailure, lossesOfHead, next, type Work } from '../core/machine.ts';
import { applyEnd } from './apply-outcome.ts';
import { createRunner } from './create-runner.ts';
import { fetchData } from './fetch.ts';
import type { Attempt, Runner } from './runner.ts';
import { isDisowned, readSlice, startWork, type Ended, type WorkInFlight } from './work-in-flight.ts';

/** What has come of work. */
export interface Settled {
  readonly lane: LaneState;
  /** A segment was read: it is closed once the lane has its events. */
  readonly slice?: Ended & { readonly kind: 'slice' };
}

export class LaneWork {
  readonly #options: LaneOptions;
  readonly #pipeline: string;
  readonly #key: string;
  readonly #onEnd: () => void;
  readonly #runner: Runner;
  readonly #backlog: BacklogSpiller;
  #work: WorkInFlight | undefined;
  #isDisowned = false;

  /** @param onEnd is called when work has ended */
  constructor({ pipeline, key, options, pool }: LaneInput, backlog: BacklogSpiller, onEnd: () => void) {
    this.#options = options;
    this.#pipeline = pipeline;
    this.#key = key;
    this.#onEnd = onEnd;
    this.#runner = createRunner({ ...options, pipeline, pool });
    this.#backlog = backlog;
  }

  /** Work that has ended is in flight until it is settled. */
  get isInFlight(): boolean {
    return this.#work !== undefined;
  }

  get hasEnded(): boolean {
    return this.#work?.ended !== undefined;
  }

  /** What is in flight is the attempts at an event that has failed: they may go on for days. */
  get isRetrying(): boolean {
    return this.#work?.kind === 'event';
  }

  /** An activity has found that the pool of the key has it, so this run was reset: it must not run anything. */
  get isDisowned(): boolean {
    return this.#isDisowned;
  }

  /** Whether {@link start} would start anything. */
  hasNext(lane: LaneState): boolean {
    return !this.isInFlight && this.#next(lane).kind !== 'none';
  }

  /** Starts what is to be done next, unless something is in flight. */
  start(lane: LaneState): LaneState {
    return this.isInFlight ? lane : this.#start(lane, this.#next(lane));
  }

  /** @param asked what Temporal knew of the attempts before the work was asked to stop */
  settle(lane: LaneState, asked?: PendingEvent): Settled {
    const work = this.#work;
    if (work?.ended === undefined) return { lane };
    const { ended } = work;
    this.#work = undefined;
    if (ended.kind === 'slice') return { lane: this.#backlog.afterReading(lane, ended), slice: ended };
    if (isDisowned(ended)) {
      this.#isDisowned = true;
      log.warn('This lane returned its key to its pool before it was reset: it ends without running anything');
    }
    return { lane: applyEnd(lane, ended, asked) };
  }

  /**
   * Asks the work in flight to stop, and resolves when it has ended, however it ends (O1). It is to be settled then.
   * @returns what Temporal knew of the attempts before
   */
  async stop(asked?: PendingEvent): Promise<PendingEvent | undefined> {
    const work = this.#work;
    if (work === undefined) return undefined;
    const pending = work.kind === 'event' ? (asked ?? (await askForPendingEvent())) : undefined;
    work.stop();
    await condition(() => work.ended !== undefined);
    return pending;
  }

  #next(lane: LaneState): Work {
    const work = next(lane, this.#options);
    return this.#backlog.mayRead(work) ? work : { kind: 'none' };
  }

  #start(lane: LaneState, work: Work): LaneState {
    switch (work.kind) {
      case 'none':
        return lane;
      case 'batch':
        this.#work = this.#run('batch', work.events, { kind: 'first', losses: lossesOfHead(lane) });
        return batchStarted(lane, work.events.length);
      case 'event':
        this.#work = this.#run('event', [work.event], { kind: 'retry', failing: work.failing });
        return lane;
      case 'fetch':
        this.#work = this.#fetch(work.event, headFailure(lane.phase)?.attempts ?? 0);
        // Part of the first pass, unless the event has failed before.
        return lane.phase.state === 'idle' ? batchStarted(lane, 1) : lane;
      case 'slice': {
        const slice = this.#backlog.sliceFor(work);
        this.#work = startWork('slice', this.#onEnd, async () => await readSlice(slice));
        return lane;
      }
    }
  }

  #run(kind: 'batch' | 'event', events: readonly LaneEvent[], attempt: Attempt): WorkInFlight {
    return startWork(kind, this.#onEnd, async () => {
      const end = await this.#runner.run(this.#key, events, attempt);
      return { kind: 'run', ...end };
    });
  }

  #fetch(event: LaneEvent, attempts: number): WorkInFlight {
    const options = { pipeline: this.#pipeline, key: this.#key, retry: this.#options.retry, attempts };
    return startWork('fetch', this.#onEnd, async () => await fetchData(options, event));
  }
}
