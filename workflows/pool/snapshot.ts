/** What a pool holds, for the run that recovers it: the answers to the queries `runSnapshot` and `snapshotPage`. */
import { poolEvent, poolState } from '../../contracts/pool/shapes.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import type { StateParsers } from '../../contracts/recovery/parse.ts';
import { list, parse } from '../../lib/pure/shape.ts';

/** The state without events. What is known of the attempts at the first events stays in it. */
export function snapshotOf(state: PoolState): { readonly state: PoolState; readonly items: number } {
  const moved = Object.entries(state.moved).map(([key, { events: _items, ...rest }]) => [key, rest] as const);
  const waiting = state.waiting.flatMap(({ events: _items, ...rest }) => {
    return (rest.attempts ?? 0) + (rest.losses ?? 0) > 0 ? [Object.assign(rest, { events: [] })] : [];
  });
  return { state: { ...state, moved: Object.fromEntries(moved), waiting }, items: itemsOf(state).length };
}

/** Events of all keys, and of moved keys those that their lanes do not have yet. */
export function itemsOf({ moved, waiting }: PoolState): readonly PoolEvent[] {
  const later = Object.entries(moved).map(([key, { events = [] }]) => ({ key, events }));
  return [...waiting, ...later].flatMap(({ key, events }) => events.map((event) => ({ key, ...event })));
}

export const POOL_PARSERS: StateParsers<PoolState, PoolEvent> = {
  state: (value) => parse(poolState, value),
  carried: (value) => parse(poolState, value),
  items: (value) => parse(list(poolEvent), value),
};
