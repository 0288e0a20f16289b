/** A queue for one key as Temporal's documentation teaches it: signals into an array, one activity an event. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { LoadEvent } from '../load.ts';

export interface PlainActivities {
  handle(event: LoadEvent): Promise<void>;
}

export const eventSignal = defineSignal<[LoadEvent]>('event');

const { handle } = proxyActivities<PlainActivities>({ startToCloseTimeout: '1 minute' });

export async function plain(): Promise<void> {
  const waiting: LoadEvent[] = [];
  setHandler(eventSignal, (event) => void waiting.push(event));
  for (;;) {
    await condition(() => waiting.length > 0);
    await handle(waiting[0]!);
    waiting.shift();
  }
}
