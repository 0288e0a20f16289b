import { truncate } from '../../lib/pure/text.ts';

/**
 * Why a handler call did not succeed, in a form that workflows keep and people read. Each string is well-formed, without
 * NUL, and of bounded length: see {@link readFailure} and contracts/event/thrown.ts, which make failures of anything.
 */
export interface Failure {
  /** Name of the error class, or of the cause when there is none: `TypeError`, `HandlerTimeout`. */
  readonly type: string;
  readonly message: string;
  /** Cut to a few lines. */
  readonly stack?: string;
  /** True when a retry is useless, so that the key is blocked at once. */
  readonly nonRetryable: boolean;
}

/** The durable retry policy of one event, as Temporal applies it. */
export interface RetryPolicy {
  /** All attempts, the first one included. */
  readonly maxAttempts: number;
  readonly initialIntervalMs: number;
  readonly backoff: number;
  readonly maxIntervalMs: number;
}

/** A failure of an event, and the retry policy that was in force when it failed. */
export interface FailedEvent {
  readonly failure: Failure;
  readonly policy: RetryPolicy;
}

/** Characters of each string of a failure. */
export const MAX_FAILURE_CHARS = { type: 200, message: 2000, stack: 1500 } as const;

/** What the settings say when the file says nothing. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 10,
  initialIntervalMs: 1000,
  backoff: 2,
  maxIntervalMs: 60_000,
};

/** A string from outside as a failure may have it. PostgreSQL, in which Temporal may keep it, has no form for NUL. */
export function failureText(text: string, maxLength: number): string {
  return truncate(text, maxLength).replaceAll('\0', '\u{fffd}');
}

/**
 * What an activity, a history or a memo says is a failure. Earlier versions put into a failure whatever a handler's error
 * had for its message, so a field may hold a list or an object.
 */
export function readFailure(value: unknown): Failure {
  if (isFailure(value)) return value;
  const { type, message, stack, nonRetryable } = isRecord(value) ? value : { message: value };
  return {
    type: failureText(typeof type === 'string' && type !== '' ? type : 'Error', MAX_FAILURE_CHARS.type),
    message: failureText(textOf(message), MAX_FAILURE_CHARS.message),
    ...(typeof stack === 'string' ? { stack: failureText(stack, MAX_FAILURE_CHARS.stack) } : {}),
    nonRetryable: nonRetryable === true,
  };
}

function isFailure(value: unknown): value is Failure {
  if (!isRecord(value) || typeof value['nonRetryable'] !== 'boolean') return false;
  const { type, message, stack = '' } = value;
  const { type: maxType, message: maxMessage, stack: maxStack } = MAX_FAILURE_CHARS;
  return isText(type, maxType) && type !== '' && isText(message, maxMessage) && isText(stack, maxStack);
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength && value.isWellFormed() && !value.includes('\0');
}

export function isRetryPolicy(value: unknown): value is RetryPolicy {
  if (!isRecord(value)) return false;
  const { maxAttempts, initialIntervalMs, backoff, maxIntervalMs } = value;
  const isPositive = [maxAttempts, backoff].every((each) => Number.isFinite(each) && Number(each) >= 1);
  return isPositive && [initialIntervalMs, maxIntervalMs].every((each) => Number.isFinite(each) && Number(each) >= 0);
}

/** Of plain data, as JSON has it. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((each) => textOf(each)).join(', ');
  if (value === undefined || value === null) return 'No reason was given';
  try {
    return JSON.stringify(value);
  } catch {
    return `A value of type ${typeof value}`;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
