/** How a pool puts together what a terminated run of it held: see workflows/shared/recovery/recover-run.ts. */
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import { parsePoolRecords } from '../../contracts/pool/parse.ts';
import type { PoolSignal } from '../../contracts/pool/messages.ts';
import type { Recovery } from '../shared/recovery/recover-run.ts';
import { deliveryUnknown } from './moved/delivery-check.ts';
import { POOL_PARSERS } from './snapshot.ts';

/** What a pool recovers: the state without events, the events in their order, and the signals that came after its last task. */
export interface RecoveredPool {
  readonly state: PoolState;
  readonly events: readonly PoolEvent[];
  readonly signals: readonly PoolSignal[];
}

export function emptyPool(startedAt: number): PoolState {
  return { waiting: [], moved: {}, marks: {}, behindSince: {}, remembersSince: startedAt, handled: 0 };
}

export const POOL_RECOVERY: Recovery<PoolState, PoolEvent, PoolSignal, RecoveredPool> = {
  subject: 'This pool',
  consequence: 'Events of its keys may be missing.',
  parse: {
    ...POOL_PARSERS,
    signal: parsePoolRecords,
  },
  // It remembers since ever: what is dropped for being old is lost if that is wrong.
  empty: () => ({ state: emptyPool(0), events: [], signals: [] }),
  begin({ waiting, ...state }) {
    // The state that an earlier run carried over has events in it. They come first, as all others, and not twice.
    const events = waiting.flatMap(({ key, events: own }) => own.map((event) => ({ key, ...event })));
    const known = waiting.map(({ events: _first, ...rest }) => Object.assign(rest, { events: [] }));
    return { state: { ...state, moved: deliveryUnknown(state.moved), waiting: known }, events, signals: [] };
  },
  addItems: (recovered, items) => ({ ...recovered, events: [...recovered.events, ...items] }),
  addSignals: (recovered, signals) => ({ ...recovered, signals: [...recovered.signals, ...signals] }),
  markLost({ state, ...rest }, message) {
    return { ...rest, state: { ...state, lost: state.lost === undefined ? message : `${state.lost} ${message}` } };
  },
};
