/**
 * What a signal with events, or with records, goes through before it is part of a host's state, in stages:
 *
 * 1. Lease: a signal from a reader that had certainly lost its shards is dropped whole (O6).
 * 2. Deduplication: what the host has accepted before is dropped, and the marks move with the rest (O6).
 * 3. Append: the host puts what is new behind everything that it holds (O1). This stage is the host's own.
 *
 * Pure functions.
 */
import type { Position } from '../../contracts/event/position.ts';
import { isFromFormerReader, takeIn, type PersistentDedupState } from './marks.ts';

export interface Arrival<Item> {
  /** Until when the sender was surely the reader of its shards; server time, ms since 1970. */
  readonly leaseUntil: number;
  /** In stream order. */
  readonly items: readonly Item[];
  /** Where an item stands in the order of its sender. */
  readonly placeOf: (item: Item) => Position;
}

export interface Admitted<Item> {
  /** With the marks moved. */
  readonly memory: PersistentDedupState;
  /** To be appended. */
  readonly fresh: readonly Item[];
  /** Accepted before. */
  readonly again: readonly Item[];
}

export function admit<Item>(
  { marks, behindSince, remembersSince }: PersistentDedupState,
  { leaseUntil, items, placeOf }: Arrival<Item>,
  leaseMarginMs: number,
): Admitted<Item> {
  const memory = { marks, behindSince, remembersSince };
  if (isFromFormerReader(leaseUntil, leaseMarginMs, remembersSince)) return { memory, fresh: [], again: [] };
  const { fresh, again, ...moved } = takeIn(memory, items, placeOf);
  return { memory: { ...memory, ...moved }, fresh, again };
}
