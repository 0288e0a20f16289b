/**
 * What the hosts of lanes, pools, quarantines and pipelines use of Temporal's workflow SDK, in memory and under the control of a
 * test: so that one activation after the other can be delivered to the real host classes, without a server.
 *
 * Like the SDK, `condition` resolves at once when its function is true already. The runtime counts how often that happens although
 * nothing came in since: a loop that turns without a new input would turn for ever, since nothing it waits for can change.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';

/** In one activation a loop may take a few turns: one input, several pieces of work. */
const MAX_TURNS_WITHOUT_INPUT = 5;
/** Turns of the event loop in which everything that was delivered has had its effect. */
const TICKS = 8;

interface Waiting {
  readonly test: () => boolean;
  readonly resolve: (value: boolean) => void;
  readonly timer: Timer | undefined;
}

interface Timer {
  readonly at: number;
  readonly ms: number;
  readonly fire: () => void;
}

export class PendingCall {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Its scope was canceled; the call itself ends when the test says so. */
  isCanceled = false;
  readonly #settle: (settle: () => void) => Promise<void>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    name: string,
    args: readonly unknown[],
    how: {
      readonly settle: (settle: () => void) => Promise<void>;
      readonly resolve: (value: unknown) => void;
      readonly reject: (error: unknown) => void;
    },
  ) {
    this.name = name;
    this.args = args;
    this.#settle = how.settle;
    this.#resolve = how.resolve;
    this.#reject = how.reject;
  }

  async resolve(value?: unknown): Promise<void> {
    await this.#settle(() => this.#resolve(value));
  }

  async reject(error: unknown): Promise<void> {
    await this.#settle(() => this.#reject(error));
  }

  async cancel(): Promise<void> {
    await this.reject(new CancelledFailure('Activity canceled'));
  }
}

export class ContinuedAsNew extends Error {
  readonly input: unknown;

  constructor(input: unknown) {
    super('continued as new');
    this.input = input;
  }
}

export class Runtime {
  now = 1_700_000_000_000;
  readonly logs: { readonly level: string; readonly message: string; readonly fields: unknown }[] = [];
  readonly memo: Record<string, unknown> = {};
  /** Activities that were scheduled and have not ended. */
  readonly activities: PendingCall[] = [];
  readonly info: Record<string, unknown> = {
    workflowId: 'workflow',
    runId: 'run',
    taskQueue: 'queue',
    startTime: new Date(this.now),
    historyLength: 10,
    historySize: 1000,
    continueAsNewSuggested: false,
    memo: {},
    typedSearchAttributes: [],
  };
  startChild: (type: string, options: { readonly workflowId: string }) => Promise<unknown> = async () => ({
    firstExecutionRunId: 'child',
  });
  signalExternal: (workflowId: string, name: string, args: readonly unknown[]) => Promise<void> = async () => {};
  continued: unknown;
  /** What the next run has, beside what a run was started with. */
  continuedMemo: Record<string, unknown> | undefined;
  /** Handlers of updates that have not returned. */
  updates = 0;
  #timers: Timer[] = [];
  readonly #waiting = new Set<Waiting>();
  #turnsWithoutInput = 0;
  #failure: Error | undefined;

  get timers(): readonly number[] {
    return this.#timers.map(({ ms }) => ms);
  }

  /** @throws when a loop turned without an input, or code of a workflow failed */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  /** Runs a host to its end, or to where it continues as new. */
  async start(run: () => Promise<unknown>): Promise<void> {
    run().then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof ContinuedAsNew) this.continued = error.input;
        else this.fail(error);
      },
    );
    await this.settle();
  }

  /** Delivers a signal, a query, or a result. */
  async deliver(handler: () => void): Promise<void> {
    this.#turnsWithoutInput = 0;
    handler();
    await this.settle();
  }

  async update<T>(handler: () => Promise<T>): Promise<{ readonly result: () => T | undefined }> {
    let answer: T | undefined;
    this.updates += 1;
    await this.deliver(() => {
      handler().then(
        (value) => {
          answer = value;
          this.updates -= 1;
        },
        (error: unknown) => this.fail(error),
      );
    });
    return { result: () => answer };
  }

  /** Lets time pass: timers fire one after the other. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = Math.max(this.now, next.at);
      await this.deliver(next.fire);
    }
    this.now = until;
  }

  /** The activity of this name that was scheduled first and has not ended. */
  activity(name: string): PendingCall {
    const found = this.activities.find((activity) => activity.name === name);
    if (found === undefined) throw new Error(`No activity ${name}: ${this.activities.map((each) => each.name).join()}`);
    return found;
  }

  /** What comes in from outside of the workflow, whenever it comes: results of children and of signals. */
  async incoming<T>(result: Promise<T>): Promise<T> {
    const settled = await Promise.allSettled([result]);
    // As in the SDK, in a later activation.
    for (let tick = 0; tick < TICKS / 2; tick += 1) await nextTick();
    this.#turnsWithoutInput = 0;
    const [outcome] = settled;
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  schedule(name: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call: PendingCall = new PendingCall(name, args, {
        settle: async (settle) => {
          this.activities.splice(this.activities.indexOf(call), 1);
          await this.deliver(settle);
        },
        resolve,
        reject,
      });
      this.activities.push(call);
    });
  }

  condition(test: () => boolean, ms?: number): Promise<boolean> {
    if (test()) {
      this.#turnsWithoutInput += 1;
      if (this.#turnsWithoutInput <= MAX_TURNS_WITHOUT_INPUT) return Promise.resolve(true);
      this.fail(new Error('A loop of the workflow turns without a new input: it would turn for ever'));
      return new Promise(() => {});
    }
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : this.#timer(ms, () => this.#giveUp(waiting));
      const waiting: Waiting = { test, resolve, timer };
      this.#waiting.add(waiting);
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#timer(ms, resolve));
  }

  async settle(): Promise<void> {
    for (let tick = 0; tick < TICKS; tick += 1) {
      await nextTick();
      if (this.#resolveConditions()) tick = 0;
    }
    this.check();
  }

  #resolveConditions(): boolean {
    for (const waiting of this.#waiting) {
      if (!waiting.test()) continue;
      this.#waiting.delete(waiting);
      this.#timers = this.#timers.filter((timer) => timer !== waiting.timer);
      waiting.resolve(true);
      return true;
    }
    return false;
  }

  #giveUp(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    waiting.resolve(false);
  }

  #timer(ms: number, fire: () => void): Timer {
    const timer: Timer = { at: this.now + ms, ms, fire };
    this.#timers.push(timer);
    return timer;
  }
}
