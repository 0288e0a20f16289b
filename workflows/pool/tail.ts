import { countWeighed } from '../../contracts/event/weight.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import { TAIL_PAGE } from '../../contracts/run.ts';

/** Events of all keys, those of moved ones that their lanes do not have included. They are read in pages: see the query `tail`. */
export function tailOf({ moved, waiting }: PoolState): readonly PoolEvent[] {
  const later = Object.entries(moved).map(([key, { events = [] }]) => ({ key, events }));
  return [...waiting, ...later].flatMap(({ key, events }) => events.map((event) => ({ key, ...event })));
}

/** What is known of the attempts at the first events goes with the rest. */
export function withoutTail(state: PoolState): PoolState {
  const moved = Object.entries(state.moved).map(([key, { events: _later, ...rest }]) => [key, rest] as const);
  const waiting = state.waiting.flatMap(({ events: _in, ...rest }) => {
    return (rest.attempts ?? 0) + (rest.losses ?? 0) > 0 ? [Object.assign(rest, { events: [] })] : [];
  });
  return { ...state, moved: Object.fromEntries(moved), waiting };
}

/** Some of the tail, from there on. */
export function tailPage(state: PoolState, from: unknown): readonly PoolEvent[] {
  const left = tailOf(state).slice(typeof from === 'number' ? from : 0);
  return left.slice(0, countWeighed(left, TAIL_PAGE, jsonBytes));
}
