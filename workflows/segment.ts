import { CancellationScope, condition, defineSignal, setHandler } from '@temporalio/workflow';
import { SIGNALS } from '../contracts/names.ts';
import type { SegmentInput } from '../contracts/backlog.ts';

/**
 * Holds a stretch of a lane's long backlog, and does nothing else: its events are its argument, which whoever needs them
 * reads from its history. It stays open until the lane has them back, since what is closed is forgotten after Temporal's
 * retention (O5).
 */
export async function segment(_input: SegmentInput): Promise<void> {
  let isClosed = false;
  setHandler(defineSignal(SIGNALS.close), () => {
    isClosed = true;
  });
  await CancellationScope.nonCancellable(() => condition(() => isClosed));
}
