/** Between the benchmark and the process of a contender. */
import type { ContenderName } from './contenders/names.ts';
import type { Load } from './load.ts';

/** Argument of the process, as JSON. */
export interface Entry {
  readonly contender: ContenderName;
  readonly load: Load;
  readonly stream: string;
  readonly address: string;
}

export interface ChildResult {
  readonly handled: number;
  /** How many there are that can be handled. */
  readonly total: number;
  /** From the first record read to the last handler done. */
  readonly seconds: number;
  readonly deviations: readonly string[];
  readonly latency: Latency;
}

/** From read to done, ms. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export type ChildMessage =
  | { readonly kind: 'begun' }
  | { readonly kind: 'progress'; readonly handled: number }
  | { readonly kind: 'finished' }
  | { readonly kind: 'result'; readonly result: ChildResult };

/** What the parent sends, once: come to an end, and tell the result. */
export type Order = 'stop';

export function isOrder(message: unknown): message is Order {
  return message === 'stop';
}
