/**
 * What the pipeline workflow uses of Temporal's workflow SDK, in memory and on virtual time: so that the simulation runs
 * the workflow's own code and not a copy of its decisions. The test puts it in the place of `@temporalio/workflow`.
 *
 * Like the SDK it looks at conditions after each thing that came in, and a run that is over does nothing more. A loop that turns
 * more than a few times without a new input fails the run.
 */
import { ActivityFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { TURNED_WITHOUT_INPUT } from '../../../workflows/shared/turned.ts';
import type { SimulatedClock } from './clock.ts';

export { ActivityFailure, TimeoutFailure };

export const ActivityCancellationType = { WAIT_CANCELLATION_COMPLETED: 'WAIT_CANCELLATION_COMPLETED' } as const;

export interface ActivityOptions {
  readonly heartbeatTimeout?: number;
  readonly startToCloseTimeout: number | string;
}

/** Runs an activity that a workflow has scheduled, with as many attempts as it takes. */
export type Schedule = (
  run: WorkflowRun,
  activity: { readonly type: string; readonly input: readonly unknown[]; readonly options: ActivityOptions },
  scope: CancellationScope,
) => Promise<unknown>;

/** Rough figures of what a workflow's doings leave in its history. */
const EVENTS = { activity: 3, timer: 2, task: 3 };
/** With one input a loop may have several things to do, one after the other: a reader for each of some shards, say. */
const MAX_TURNS_WITHOUT_INPUT = 100;

export class CancellationScope {
  isCanceled = false;
  readonly #listeners = new Set<() => void>();

  /** Everything here asks for its scope before it first waits, so the scope need not follow promises. */
  run<T>(fn: () => Promise<T>): Promise<T> {
    const before = here.scope;
    here.scope = this;
    try {
      return fn();
    } finally {
      here.scope = before;
    }
  }

  cancel(): void {
    this.isCanceled = true;
    for (const listener of this.#listeners) listener();
  }

  whenCanceled(listener: () => void): void {
    if (this.isCanceled) listener();
    else this.#listeners.add(listener);
  }

  static nonCancellable<T>(fn: () => Promise<T>): Promise<T> {
    return new CancellationScope().run(fn);
  }
}

export class ContinueAsNew extends Error {
  readonly input: unknown;

  constructor(input: unknown) {
    super('continue as new');
    this.input = input;
  }
}

/** One run of the workflow. */
export class WorkflowRun {
  historyLength = 3;
  /** As the workflow sees it, which is as of the beginning of its task. */
  lengthAtTask = 3;
  #isOver = false;
  #turnsWithoutInput = 0;
  /** Of its own: what listens to it goes with the run. */
  readonly #root = new CancellationScope();
  readonly #clock: SimulatedClock;
  readonly #schedule: Schedule;
  readonly #conditions = new Set<{ readonly test: () => boolean; readonly resolve: () => void }>();

  constructor(clock: SimulatedClock, schedule: Schedule) {
    this.#clock = clock;
    this.#schedule = schedule;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Terminated, or continued as new. What was scheduled stays without an answer. */
  end(): void {
    this.#isOver = true;
    this.#conditions.clear();
  }

  /** Runs workflow code; to be called at its start and for each update. */
  enter<T>(fn: () => T): T {
    this.#turnTo();
    this.#turnsWithoutInput = 0;
    this.lengthAtTask = this.historyLength;
    try {
      return fn();
    } finally {
      this.#lookAtConditions();
    }
  }

  activity(type: string, input: readonly unknown[], options: ActivityOptions): Promise<unknown> {
    this.historyLength += EVENTS.activity;
    const answer = this.#schedule(this, { type, input: clone(input), options }, here.scope);
    return this.#incoming((resolve, reject) => void answer.then((result) => resolve(clone(result)), reject));
  }

  sleep(ms: number): Promise<unknown> {
    this.historyLength += EVENTS.timer;
    const { scope } = here;
    return this.#incoming((resolve, reject) => {
      const off = this.#clock.after(ms, () => resolve(undefined));
      scope.whenCanceled(() => {
        off();
        reject(new CancelledFailure('Timer canceled'));
      });
    });
  }

  condition(test: () => boolean): Promise<void> {
    if (test()) {
      this.#turnsWithoutInput += 1;
      if (this.#turnsWithoutInput <= MAX_TURNS_WITHOUT_INPUT) return Promise.resolve();
      return Promise.reject(new Error('A loop of the workflow turns without a new input: it would turn for ever'));
    }
    return new Promise((resolve) => this.#conditions.add({ test, resolve }));
  }

  /** A promise that settles as something that comes in; never when the run is over. */
  #incoming(begin: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const comeIn = (settle: () => void): void => {
        if (this.#isOver) return;
        this.historyLength += EVENTS.task;
        this.enter(settle);
      };
      begin(
        (value) => comeIn(() => resolve(value)),
        (error) => comeIn(() => reject(error)),
      );
    });
  }

  #turnTo(): void {
    here.run = this;
    here.scope = this.#root;
  }

  #lookAtConditions(): void {
    setImmediate(() => {
      if (this.#isOver) return;
      this.#turnTo();
      for (const waiting of this.#conditions) {
        if (!waiting.test()) continue;
        this.#conditions.delete(waiting);
        waiting.resolve();
        this.#lookAtConditions();
        return;
      }
    });
  }
}

/** Which run's code is running, and in which scope. */
const here: { run: WorkflowRun | undefined; scope: CancellationScope } = {
  run: undefined,
  scope: new CancellationScope(),
};

function clone<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

export function proxyActivities(options: ActivityOptions): unknown {
  return new Proxy(
    {},
    {
      get:
        (_target, type) =>
        (...input: unknown[]) =>
          here.run?.activity(String(type), input, options),
    },
  );
}

export const sleep = (time: number | string): Promise<unknown> =>
  here.run!.sleep(typeof time === 'number' ? time : Number.parseFloat(time) * 1000);
export const condition = (test: () => boolean): Promise<void> => here.run!.condition(test);
export const workflowInfo = () => ({ continueAsNewSuggested: false, historyLength: here.run!.lengthAtTask });
export const patched = (): boolean => true;
export const allHandlersFinished = (): boolean => true;
/** The simulation has no memo: what it holds is looked at by processes that start, and none does. */
export const makeContinueAsNewFunc =
  () =>
  (input: unknown): Promise<never> =>
    Promise.reject(new ContinueAsNew(clone(input)));
export const isCancellation = (error: unknown): boolean =>
  error instanceof CancelledFailure || (error instanceof ActivityFailure && error.cause instanceof CancelledFailure);
export const log = {
  error(message: string): void {
    if (message === TURNED_WITHOUT_INPUT) throw new Error(message);
  },
  warn: () => {},
  info: () => {},
  debug: () => {},
};
