import type { DeliveryRequest } from '../../../bridge/deliver/gateway.ts';
import type { PoolEvent } from '../../../contracts/pool/state.ts';
import type { PoolSignal } from '../../../contracts/pool/messages.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import {
  checkpointsOf,
  forgetOldMarks,
  isFromFormerReader,
  placeOf,
  takeIn,
  type PersistentDedupState,
} from '../../../workflows/shared/marks.ts';
import type { LanesOptions } from './simulated-lanes.ts';

interface Pool {
  memory: PersistentDedupState;
  waiting: PoolEvent[];
  signals: number;
  isWorking: boolean;
}

/** Pools of healthy keys, as far as marks go. A pool never ends; it may forget marks when it continues as new. */
export class SimulatedPools {
  readonly handled = new Map<string, string[]>();
  readonly ended = 0;
  forgot = 0;
  turnedAway = 0;
  readonly #options: LanesOptions;
  readonly #open = new Map<number, Pool>();

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  take(request: DeliveryRequest): void {
    if (request.to !== 'pool') throw new Error('Every key is in a pool.');
    const pool = this.#open.get(request.pool) ?? this.#begun();
    this.#open.set(request.pool, pool);
    this.#accept(pool, request);
    pool.signals += 1;
    this.#work(pool);
  }

  get areIdle(): boolean {
    return [...this.#open.values()].every(({ waiting }) => waiting.length === 0);
  }

  #begun(): Pool {
    const memory = { marks: {}, behindSince: {}, remembersSince: this.#options.clock.now() };
    return { memory, waiting: [], signals: 0, isWorking: false };
  }

  #accept(pool: Pool, { events, leaseUntil }: PoolSignal): void {
    const { checks, lane } = this.#options;
    if (isFromFormerReader(leaseUntil, lane.leaseMarginMs, pool.memory.remembersSince)) {
      this.turnedAway += 1;
      return;
    }
    const { marks, behindSince, fresh } = takeIn(pool.memory, events, placeOf);
    pool.memory = { ...pool.memory, marks, behindSince };
    for (const { key, position } of fresh) checks.accept(key, position);
    pool.waiting.push(...fresh);
  }

  /** One batch at a time, with what waits as it begins. */
  #work(pool: Pool): void {
    const { clock, lane, random } = this.#options;
    if (pool.isWorking || pool.waiting.length === 0) return;
    pool.isWorking = true;
    const count = pool.waiting.length;
    clock.after(random() * 3000, () => {
      for (const { key, position } of pool.waiting.splice(0, count)) {
        const of = this.handled.get(key) ?? [];
        of.push(formatPosition(position));
        this.handled.set(key, of);
      }
      pool.isWorking = false;
      if (pool.signals >= lane.signalsPerRun) this.#continueAsNew(pool);
      this.#work(pool);
    });
  }

  #continueAsNew(pool: Pool): void {
    const { checkpoints, clock, lane, marksCarried } = this.#options;
    pool.signals = 0;
    const asked = Object.keys(pool.memory.marks);
    const answer = asked.length > marksCarried ? checkpoints() : undefined;
    if (answer === undefined) return;
    const known = checkpointsOf(asked, answer);
    const memory = forgetOldMarks(pool.memory, known, clock.now(), 2 * lane.leaseMarginMs);
    const forgets = Object.keys(memory.marks).length < asked.length;
    if (forgets) this.forgot += 1;
    pool.memory = { ...memory, remembersSince: forgets ? clock.now() : pool.memory.remembersSince };
  }
}
