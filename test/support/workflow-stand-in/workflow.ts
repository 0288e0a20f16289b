/** Stands in for `@temporalio/workflow` in tests of hosts: `vi.mock('@temporalio/workflow', () => import('.../workflow.ts'))`. */
import { CancelledFailure } from '@temporalio/common';
import { TURNED_WITHOUT_INPUT } from '../../../workflows/shared/turned.ts';
import { ContinuedAsNew, Runtime, type PendingCall } from './runtime.ts';

export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  defineSearchAttributeKey,
  SearchAttributeType,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';

let runtime = new Runtime();
const systemNow = Date.now;

/** A new runtime, with a clock of its own, for the host that is made next. */
export function newRuntime(): Runtime {
  runtime = new Runtime();
  Date.now = () => runtime.now;
  return runtime;
}

export function restoreClock(): void {
  Date.now = systemNow;
}

export class CancellationScope {
  static current: CancellationScope | undefined;
  readonly #calls: PendingCall[] = [];

  async run<T>(fn: () => Promise<T>): Promise<T> {
    const before = CancellationScope.current;
    CancellationScope.current = this;
    const known = new Set(runtime.activities);
    try {
      // What is scheduled before the first wait belongs to the scope, which is all that the hosts need.
      const result = fn();
      this.#calls.push(...runtime.activities.filter((activity) => !known.has(activity)));
      return await result;
    } finally {
      CancellationScope.current = before;
    }
  }

  cancel(): void {
    for (const call of this.#calls) call.isCanceled = true;
  }

  static async nonCancellable<T>(fn: () => Promise<T>): Promise<T> {
    return await fn();
  }
}

export const ActivityCancellationType = { WAIT_CANCELLATION_COMPLETED: 'wait', TRY_CANCEL: 'try' } as const;
export const ChildWorkflowCancellationType = { ABANDON: 'abandon' } as const;
export const ParentClosePolicy = { ABANDON: 'abandon' } as const;

export const condition = async (test: () => boolean, ms?: number): Promise<boolean> =>
  await runtime.condition(test, ms);
export const sleep = async (ms: number): Promise<void> => await runtime.sleep(ms);
export const workflowInfo = (): unknown => runtime.info;
export const patched = (): boolean => true;
export const allHandlersFinished = (): boolean => runtime.updates === 0;
export const setCurrentDetails = (): void => {};
export const upsertMemo = (memo: Record<string, unknown>): void => {
  Object.assign(runtime.memo, memo);
  runtime.info['memo'] = { ...(runtime.info['memo'] as Record<string, unknown>), ...memo };
};
export const upsertSearchAttributes = (): void => {};
export const isCancellation = (error: unknown): boolean => error instanceof CancelledFailure;
export const continueAsNew = async (input: unknown): Promise<never> => await Promise.reject(new ContinuedAsNew(input));
export const makeContinueAsNewFunc = (options: { readonly memo?: Record<string, unknown> } = {}) => {
  runtime.continuedMemo = options.memo;
  return continueAsNew;
};

let ids = 0;
export const uuid4 = (): string => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`;

export function proxyActivities(): unknown {
  const get =
    (_target: object, name: string) =>
    (...args: unknown[]) =>
      runtime.schedule(name, args);
  return new Proxy({}, { get });
}
export const proxyLocalActivities = (): unknown => proxyActivities();

export const getExternalWorkflowHandle = (workflowId: string) => ({
  signal: async (name: string, ...args: unknown[]): Promise<void> =>
    await runtime.incoming(runtime.signalExternal(workflowId, name, args)),
});
export const startChild = async (type: string, options: { readonly workflowId: string }): Promise<unknown> =>
  await runtime.incoming(runtime.startChild(type, options));

const write =
  (level: string) =>
  (message: string, fields?: unknown): void => {
    if (message === TURNED_WITHOUT_INPUT) runtime.fail(new Error(message));
    runtime.logs.push({ level, message, fields });
  };
export const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };

const counter = { add: (): void => {} };
const meter = {
  createCounter: () => counter,
  createGauge: () => ({ set: (): void => {} }),
  withTags: (): unknown => meter,
};
export const metricMeter = meter;
