/**
 * Calls of a user's handler, with their time limit.
 *
 * Owns the calls that run in this process. Invariant: one at a time for each key (O1). Node cannot kill a function, so a
 * call that is asked to stop has a second, longer limit in which to end. After that it is abandoned, and still no other call
 * of its key starts before it has ended. A call may also find an earlier one of its key that Temporal lost (its connection was
 * cut) although it still runs here: that one is asked to stop in the same way.
 */
import type { Logger } from 'pino';
import type { Handler, HandlerContext, HandlerLog } from '../../contracts/public/handler.ts';
import { idempotencyKey, type LaneEvent } from '../../contracts/event/event.ts';
import { failureText, MAX_FAILURE_CHARS, type Failure } from '../../contracts/event/failure.ts';
import { HandlerEvent } from '../../contracts/public/record.ts';
import type { HandlingSettings } from '../../settings/settings.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import { failureOf } from '../../contracts/event/thrown.ts';
import { CallAbort } from './call-abort.ts';
import { currentCall, type CurrentCall } from './current-call.ts';
import { handlerFailure } from './failure.ts';

export interface Call {
  readonly pipeline: string;
  readonly key: string;
  readonly event: LaneEvent;
  /** The whole data, wherever it was stored. */
  readonly data: Uint8Array;
  readonly attempt: number;
  /** Is called when a promise of the call was rejected and no code awaits it. */
  readonly onUnhandledRejection?: (() => void) | undefined;
}

export type CallResult =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** It was asked to stop, and stopped. What it did is not known, so the event counts as not done. */
  | { readonly kind: 'interrupted' };

export class HandlerTimeoutError extends Error {
  override readonly name = 'HandlerTimeout';
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`The handler took longer than its time limit of ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** An exception of a call that left a timer or an event listener, and not the promise of the handler. */
class StrayExceptionError extends Error {
  override readonly name = 'StrayExceptionError';
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super('An exception of this call left a timer or an event listener');
    this.thrown = thrown;
  }
}

type Settled = { readonly ok: true } | { readonly ok: false; readonly thrown: unknown };

interface RunningCall {
  readonly settled: Promise<Settled>;
  readonly abort: CallAbort;
}

export class HandlerCaller {
  readonly #log: Logger;
  /** By pipeline and key. */
  readonly #running = new Map<string, RunningCall>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Never throws for what the handler does. `stop` asks the call to end, its reason reaches the handler. */
  async call(handler: Handler, settings: HandlingSettings, call: Call, stop: AbortSignal): Promise<CallResult> {
    const lane = `${call.pipeline}:${call.key}`;
    for (let other = this.#running.get(lane); other !== undefined; other = this.#running.get(lane)) {
      other.abort.abort(new Error('A later attempt of the same key has begun'));
      if (!(await settlesWithin(other.settled, settings.stopTimeoutMs))) return failedToStop(settings);
    }
    if (stop.aborted) return { kind: 'interrupted' };

    const abort = new CallAbort();
    const onStop = (): void => abort.abort(stop.reason);
    stop.addEventListener('abort', onStop, { once: true });
    const timeout = setTimeout(() => abort.abort(new HandlerTimeoutError(settings.timeoutMs)), settings.timeoutMs);
    try {
      const settled = this.#start(lane, abort, () =>
        currentCall.run(currentCallOf(call, abort), () => handler(...this.#argumentsOf(call, abort))),
      );
      const first = await Promise.race([settled, abort.asked]);
      if (first !== 'asked to stop') return resultOf(first, abort);
      if (await settlesWithin(settled, settings.stopTimeoutMs)) return resultOf(await settled, abort);
      const failed = failedBy(abort.reason);
      if (abort.reason instanceof StrayExceptionError && failed !== undefined) return failed;
      const { pipeline, key } = call;
      this.#log.error(
        { pipeline, key },
        'A handler ignored its abort signal; its key is blocked until an operator retries it',
      );
      return failedToStop(settings);
    } finally {
      clearTimeout(timeout);
      stop.removeEventListener('abort', onStop);
    }
  }

  #start(lane: string, abort: CallAbort, run: () => Promise<void> | void): Promise<Settled> {
    const settled = settle(run).then((result) => {
      this.#running.delete(lane);
      return result;
    });
    this.#running.set(lane, { settled, abort });
    return settled;
  }

  #argumentsOf(call: Call, abort: CallAbort): [HandlerEvent, HandlerContext] {
    const { pipeline, key, event, data, attempt } = call;
    const { source, position, arrivedAt } = event;
    const log = () => this.#log.child({ pipeline, key, position: formatPosition(position), attempt });
    let made: HandlerLog | undefined;
    const context: HandlerContext = {
      pipeline,
      attempt,
      idempotencyKey: idempotencyKey(pipeline, event),
      // Created on first use.
      get signal() {
        return abort.signal;
      },
      get log() {
        return (made ??= log());
      },
    };
    return [new HandlerEvent({ source, position, arrivedAt, data, key }), context];
  }
}

/** Also catches what a handler throws before its first await. */
async function settle(run: () => Promise<void> | void): Promise<Settled> {
  try {
    await run();
    return { ok: true };
  } catch (thrown) {
    return { ok: false, thrown };
  }
}

async function settlesWithin(running: Promise<Settled>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([running.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function resultOf(settled: Settled, abort: CallAbort): CallResult {
  if (abort.aborted) {
    // A handler that honors its signal may return early without having done its work, so even a success does not count.
    return failedBy(abort.reason) ?? { kind: 'interrupted' };
  }
  return settled.ok ? { kind: 'succeeded' } : { kind: 'failed', failure: handlerFailure(settled.thrown) };
}

/** Undefined when a call was asked to stop for another reason than a failure of its own. */
function failedBy(reason: unknown): CallResult | undefined {
  if (reason instanceof HandlerTimeoutError) return { kind: 'failed', failure: failureOf(reason) };
  if (!(reason instanceof StrayExceptionError)) return undefined;
  const failure = handlerFailure(reason.thrown);
  const message = `${failure.message} (left a timer or an event listener, and not the handler's promise)`;
  return { kind: 'failed', failure: { ...failure, message: failureText(message, MAX_FAILURE_CHARS.message) } };
}

function currentCallOf({ pipeline, key, event, attempt, onUnhandledRejection }: Call, abort: CallAbort): CurrentCall {
  const fail = (thrown: unknown): void => abort.abort(new StrayExceptionError(thrown));
  const position = formatPosition(event.position);
  return { of: 'handler', pipeline, key, position, attempt, fail, onUnhandledRejection };
}

function failedToStop({ timeoutMs, stopTimeoutMs }: HandlingSettings): CallResult {
  const failure: Failure = {
    type: 'HandlerDoesNotStop',
    message:
      `The handler does not stop: it was asked to (time limit ${timeoutMs} ms) and still ran ${stopTimeoutMs} ms ` +
      'later. Let it heed context.signal, restart the worker, then retry the key.',
    nonRetryable: true,
  };
  return { kind: 'failed', failure };
}
