/** How a lane puts together what a terminated run of it held: see workflows/shared/recovery/recover-run.ts. */
import type { LaneEvent } from '../../contracts/event/event.ts';
import { parseRecords } from '../../contracts/lane/parse.ts';
import type { RecordsSignal } from '../../contracts/lane/messages.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { Recovery } from '../shared/recovery/recover-run.ts';
import { append } from './core/backlog.ts';
import { recoveredState, withLoss } from './core/loss.ts';
import { accept, emptyLane } from './core/machine.ts';
import { LANE_PARSERS, type LaneSnapshot } from './snapshot.ts';

/** `queued`: so many of the next items belong into the queue. While there are any, nothing may go behind it. */
export type RecoveredLane = LaneSnapshot;

/** @param shorten moves a long backlog into segments, so that what is recovered need not fit into memory or into one run */
export function laneRecovery(
  options: LaneOptions,
  shorten: (lane: LaneState) => Promise<LaneState>,
): Recovery<LaneSnapshot, LaneEvent, RecordsSignal, RecoveredLane> {
  return {
    subject: 'This lane',
    consequence: 'Events may be missing here.',
    parse: {
      ...LANE_PARSERS,
      signal: parseRecords,
    },
    // It remembers since ever: what is dropped for being old is lost if that is wrong.
    empty: () => ({ lane: emptyLane(0), queued: 0 }),
    begin: ({ lane, queued }) => (queued === 0 ? { lane: recoveredState(lane), queued } : { lane, queued }),
    async addItems(recovered, items) {
      const { lane, queued } = withQueue(recovered, items.slice(0, recovered.queued));
      const tail = items.slice(recovered.queued);
      return { queued, lane: tail.length === 0 ? lane : await shorten({ ...lane, ...append(lane, tail) }) };
    },
    async addSignals({ lane, queued }, signals) {
      return { queued, lane: await shorten(signals.reduce((state, signal) => accept(state, signal, options), lane)) };
    },
    markLost({ lane, queued }, message) {
      if (queued === 0) return { lane: withLoss(lane, message), queued };
      // When the head is among what is gone, the state of its failure says nothing about the event that comes first now.
      const isHeadGone = lane.queue.length === 0;
      const rest = recoveredState(isHeadGone ? { ...lane, phase: { state: 'idle' } } : lane);
      return { lane: withLoss(rest, message), queued: 0 };
    },
  };
}

function withQueue({ lane, queued }: RecoveredLane, events: readonly LaneEvent[]): RecoveredLane {
  if (events.length === 0) return { lane, queued };
  const next = { ...lane, queue: [...lane.queue, ...events] };
  const missing = queued - events.length;
  return { lane: missing === 0 ? recoveredState(next) : next, queued: missing };
}
