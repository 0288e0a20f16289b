/** Why a handler call did not succeed, in a form that workflows keep and people read. */
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
