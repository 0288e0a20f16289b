import type { HandlerEvent } from './record.ts';

export type Handler = (event: HandlerEvent, context: HandlerContext) => Promise<void> | void;

export interface HandlerContext {
  readonly pipeline: string;
  /** From 1; counts on when a person asks for another round of retries. */
  readonly attempt: number;
  /** The same for every attempt of an event, another one after a replace: hand it to whatever must not act twice. */
  readonly idempotencyKey: string;
  /** Aborts at the time limit, when a verb takes the event away, and when the worker must stop. */
  readonly signal: AbortSignal;
  readonly log: HandlerLog;
}

/** Takes a message, or fields and a message, as pino does. */
export interface HandlerLog {
  debug: LogFunction;
  info: LogFunction;
  warn: LogFunction;
  error: LogFunction;
}

export interface LogFunction {
  (message: string): void;
  (fields: object, message: string): void;
}
