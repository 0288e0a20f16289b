/**
 * Detects that this process was frozen: stopped (SIGSTOP), in a suspended machine, or with its event loop blocked.
 *
 * A process that was frozen for longer than its heartbeat timeout may have been replaced without knowing it, so it must
 * not continue as if nothing had happened (O1, O6). Owns the tick and the memory of the latest jumps; the holders of
 * guards decide what a freeze means.
 *
 * Invariants:
 * - freeze-watch.F1: `tick` is the only place where clocks are read for a jump, and every caller that is about to act
 *   calls it (through `check`): after a freeze other callbacks may run before the timer's.
 * - freeze-watch.F2: both clocks count. A suspended machine stops the monotonic clock, but not the wall clock.
 */
import { performance } from 'node:perf_hooks';

export interface FreezeClock {
  /** ms, never runs backwards */
  monotonic(): number;
  /** ms since 1970 */
  wall(): number;
}

const SYSTEM_CLOCK: FreezeClock = { monotonic: () => performance.now(), wall: () => Date.now() };
const TICK_MS = 1000;
/** Shorter ones are ordinary pauses. */
const MIN_JUMP_MS = 2000;
const MAX_JUMPS_KEPT = 20;

/** Thrown when the process was frozen for longer than the caller's limit. Stop at once; a new attempt is safe. */
export class FrozenError extends Error {
  override readonly name = 'FrozenError';
  readonly frozenMs: number;
  readonly limitMs: number;

  constructor(frozenMs: number, limitMs: number) {
    super(
      `This process was frozen for ${Math.round(frozenMs)} ms, longer than ${limitMs} ms: another process may have its ` +
        'work by now, so it stops here and Temporal starts the work again.',
    );
    this.frozenMs = frozenMs;
    this.limitMs = limitMs;
  }
}

export class FreezeWatch {
  readonly #clock: FreezeClock;
  readonly #guards = new Set<FreezeGuard>();
  #jumps: { readonly at: number; readonly ms: number }[] = [];
  #lastTick: number;
  #lastWall: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: FreezeClock = SYSTEM_CLOCK) {
    this.#clock = clock;
    this.#lastTick = clock.monotonic();
    this.#lastWall = clock.wall();
  }

  start(): void {
    this.#timer ??= setInterval(() => this.tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The last moment at which this process was seen running, in ms of the monotonic clock. */
  get lastTick(): number {
    return this.#lastTick;
  }

  /** Reads the clocks, and trips every guard whose limit was exceeded since the last tick. */
  tick(): void {
    const monotonic = this.#clock.monotonic();
    const wall = this.#clock.wall();
    // A wall clock that is set back is no freeze, so only a jump forward counts.
    const gap = Math.max(monotonic - this.#lastTick, wall - this.#lastWall);
    this.#lastTick = monotonic;
    this.#lastWall = wall;
    if (gap < MIN_JUMP_MS) return;
    this.#jumps = [...this.#jumps, { at: monotonic, ms: gap }].slice(-MAX_JUMPS_KEPT);
    for (const guard of this.#guards) guard.frozeFor(gap);
  }

  /**
   * Whether a freeze longer than `limitMs` ended in the last `withinMs`. For work that this process got before the
   * freeze and starts after it, when no guard of its own can have noticed it.
   */
  frozenWithin(withinMs: number, limitMs: number): boolean {
    this.tick();
    return this.#jumps.some((jump) => jump.ms > limitMs && jump.at >= this.#lastTick - withinMs);
  }

  /** Watches for freezes longer than `limitMs` from now on, until it is closed. */
  guard(limitMs: number): FreezeGuard {
    this.tick();
    const guard = new FreezeGuard(limitMs, { tick: () => this.tick(), forget: () => this.#guards.delete(guard) });
    this.#guards.add(guard);
    return guard;
  }
}

/** One holder's view of the watch. Once tripped it stays so. */
export class FreezeGuard {
  readonly #limitMs: number;
  readonly #watch: { tick(): void; forget(): void };
  readonly #controller = new AbortController();

  constructor(limitMs: number, watch: { tick(): void; forget(): void }) {
    this.#limitMs = limitMs;
    this.#watch = watch;
  }

  /** Aborts with a {@link FrozenError}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Call this right before any action that only the rightful holder of the work may take.
   * @throws {FrozenError} if the process was frozen for longer than the limit since the guard was created
   */
  check(): void {
    this.#watch.tick();
    this.#controller.signal.throwIfAborted();
  }

  /** For the watch only. */
  frozeFor(ms: number): void {
    if (ms > this.#limitMs) this.#controller.abort(new FrozenError(ms, this.#limitMs));
  }

  close(): void {
    this.#watch.forget();
  }
}
