import type { DeliveryRequest } from '../../../bridge/deliver/gateway.ts';
import type { RecordsSignal } from '../../../contracts/lane/messages.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import { DEFAULT_RETRY_POLICY } from '../../../contracts/event/failure.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import { accept, emptyLane, next, batchEnded, batchStarted } from '../../../workflows/lane/core/machine.ts';
import { checkpointsOf, forgetOldMarks, marksAhead, type Checkpoints } from '../../../workflows/shared/marks.ts';
import type { Checks } from './checks.ts';
import type { SimulatedClock } from './clock.ts';
import { pick, type Random } from './random.ts';

interface Lane {
  state: LaneState;
  signals: number;
  lastChange: number;
}

export interface LanesOptions {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly checks: Checks;
  readonly lane: LaneOptions;
  /** Marks that a lane carries on without asking whether some can be forgotten. */
  readonly marksCarried: number;
  /** The durable checkpoints; undefined when they cannot be asked for. */
  readonly checkpoints: () => Checkpoints | undefined;
}

/**
 * Lanes by the lane's own pure functions. Their host is played: handlers take some time, marks are forgotten when a
 * lane continues as new, and an idle lane ends, by the two rules of O6.
 */
export class SimulatedLanes {
  /** What handlers were called for, by key. */
  readonly handled = new Map<string, string[]>();
  /** How many lanes have ended idle, and how often a lane at work has forgotten marks. */
  ended = 0;
  forgot = 0;
  /** Signals that were dropped since their sender was no reader any more. */
  turnedAway = 0;
  readonly #options: LanesOptions;
  readonly #open = new Map<string, Lane>();

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  take(request: DeliveryRequest): void {
    if (request.to !== 'lane') throw new Error('Every record has a key.');
    this.#signal(request.key, { leaseUntil: request.leaseUntil, events: request.events });
  }

  /** As signalWithStart does: starts the lane when there is none. */
  #signal(key: string, signal: RecordsSignal): void {
    const { checks, clock, lane: options } = this.#options;
    const now = clock.now();
    const lane = this.#open.get(key) ?? { state: emptyLane(now), signals: 0, lastChange: now };
    if (!this.#open.has(key)) this.#setIdleTimer(key, lane);
    this.#open.set(key, lane);
    const before = lane.state;
    lane.state = accept(before, signal, options);
    if (signal.leaseUntil + options.leaseMarginMs < before.remembersSince) this.turnedAway += 1;
    for (const { position } of lane.state.queue.slice(before.queue.length)) checks.accept(key, position);
    lane.signals += 1;
    lane.lastChange = now;
    this.#work(key, lane);
  }

  get areIdle(): boolean {
    return [...this.#open.values()].every(({ state }) => state.queue.length === 0);
  }

  #work(key: string, lane: Lane): void {
    const { clock, lane: options, random } = this.#options;
    const work = next(lane.state, options);
    if (work.kind !== 'batch') return;
    lane.state = batchStarted(lane.state, work.events.length);
    clock.after(random() * 3000, () => {
      const positions = work.events.map(({ position }) => formatPosition(position));
      this.handled.set(key, [...(this.handled.get(key) ?? []), ...positions]);
      lane.state = batchEnded(
        lane.state,
        { kind: 'succeeded', succeeded: work.events.length },
        DEFAULT_RETRY_POLICY,
        clock.now(),
      );
      lane.lastChange = clock.now();
      if (lane.signals >= options.signalsPerRun) this.#continueAsNew(lane);
      this.#work(key, lane);
    });
  }

  #continueAsNew(lane: Lane): void {
    const { clock, lane: options, marksCarried } = this.#options;
    lane.signals = 0;
    if (Object.keys(lane.state.marks).length <= marksCarried) return;
    const known = this.#ask(lane);
    if (known === undefined) return;
    const before = lane.state.remembersSince;
    this.#remember(lane, forgetOldMarks(lane.state, known, clock.now(), 2 * options.leaseMarginMs));
    if (lane.state.remembersSince !== before) this.forgot += 1;
  }

  #setIdleTimer(key: string, lane: Lane): void {
    const { clock, lane: options } = this.#options;
    clock.after(Math.max(1, lane.lastChange + options.idleMs - clock.now()), () => {
      if (clock.now() - lane.lastChange < options.idleMs || lane.state.queue.length > 0) {
        this.#setIdleTimer(key, lane);
        return;
      }
      const known = this.#ask(lane);
      if (known !== undefined) this.#remember(lane, { marks: marksAhead(lane.state.marks, known), behindSince: {} });
      if (known !== undefined && Object.keys(lane.state.marks).length === 0) {
        this.#open.delete(key);
        this.ended += 1;
        return;
      }
      lane.lastChange = clock.now();
      this.#setIdleTimer(key, lane);
    });
  }

  #ask({ state }: Lane): Checkpoints | undefined {
    const answer = this.#options.checkpoints();
    return answer && checkpointsOf(Object.keys(state.marks), answer);
  }

  #remember(lane: Lane, memory: Pick<LaneState, 'marks' | 'behindSince'>): void {
    const forgets = Object.keys(memory.marks).length < Object.keys(lane.state.marks).length;
    lane.state = { ...lane.state, ...memory, ...(forgets ? { remembersSince: this.#options.clock.now() } : {}) };
  }
}

/** Answers are some seconds old, as those of a worker are. */
export function kept<T>(clock: SimulatedClock, random: Random, ask: () => T): () => T {
  let until = -Infinity;
  let answer: T;
  return () => {
    if (clock.now() > until) {
      answer = ask();
      until = clock.now() + pick(random, 5000);
    }
    return answer;
  };
}
