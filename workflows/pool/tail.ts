import type { PoolEvent, PoolState } from '../../contracts/pool.ts';

/** Events of all keys, those of moved ones that their lanes do not have included. They are read in pages: see the query `tail`. */
export function tailOf({ moved, waiting }: PoolState): readonly PoolEvent[] {
  const later = Object.entries(moved).map(([key, { events = [] }]) => ({ key, events }));
  return [...waiting, ...later].flatMap(({ key, events }) => events.map((event) => ({ key, ...event })));
}

export function withoutTail(state: PoolState): PoolState {
  const moved = Object.entries(state.moved).map(([key, { events: _later, ...rest }]) => [key, rest] as const);
  return { ...state, moved: Object.fromEntries(moved), waiting: [] };
}
