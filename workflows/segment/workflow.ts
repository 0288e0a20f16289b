import { CancellationScope, condition, defineSignal, setHandler } from '@temporalio/workflow';
import { INTERNAL } from '../shared/descriptions.ts';
import { SIGNALS } from '../../contracts/names.ts';
import { parseSegmentInput } from '../../contracts/lane/parse.ts';
import { parseQuarantineSegment } from '../../contracts/quarantine/parse.ts';
import type { SegmentInput } from '../../contracts/lane/backlog.ts';
import type { DecidedSignal, QuarantineSegmentInput } from '../../contracts/quarantine/messages.ts';

/**
 * Holds a batch of a lane's long backlog, or records of a quarantine, and does nothing else: they are its argument, which
 * whoever needs them reads from its history. It stays open until the lane has them back, or all are decided on, since what
 * is closed is forgotten after Temporal's retention (O5).
 */
export async function segment(input: SegmentInput | QuarantineSegmentInput): Promise<void> {
  const held = 'events' in input ? parseSegmentInput(input) : parseQuarantineSegment(input);
  forget(held);
  let isClosed = false;
  // Whoever looks for records of a quarantine reads these from the history too.
  setHandler(defineSignal<[DecidedSignal]>(SIGNALS.decided), () => {}, { description: INTERNAL });
  setHandler(
    defineSignal(SIGNALS.close),
    () => {
      isClosed = true;
    },
    { description: INTERNAL },
  );
  await CancellationScope.nonCancellable(() => condition(() => isClosed));
}

/** A worker has thousands of segments in memory, and nobody asks this one for what it holds. */
function forget(input: SegmentInput | QuarantineSegmentInput): void {
  if ('events' in input) Object.assign(input, { events: [] });
  else Object.assign(input, { records: [] });
}
