/**
 * A queue for one key, written as Temporal's documentation teaches it: signals into an array, one activity an event.
 * It never continues as new. No part of Keylane: the tests beside it take it to the limits of the server, to show what
 * Keylane is built to stay away from.
 */
import {
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';

export interface PlainEvent {
  readonly n: number;
  readonly data: string;
}

/** Gets more than one event at a time from `together` only. */
export interface PlainActivities {
  handle(events: readonly PlainEvent[]): Promise<void>;
}

/** How a queue works its events off; each is a workflow type. */
export type PlainQueueType = 'oneByOne' | 'oneByOneLocally' | 'together' | 'allAtOnce';

export const eventSignal = defineSignal<[PlainEvent]>('event');
export const skipSignal = defineSignal('skip');
export const skipUpdate = defineUpdate<number>('skip');

const { handle } = proxyActivities<PlainActivities>({ startToCloseTimeout: '1 minute' });
const { handle: handleLocally } = proxyLocalActivities<PlainActivities>({ startToCloseTimeout: '1 minute' });

/** The usual one. */
export async function oneByOne(): Promise<void> {
  const waiting = takeIn();
  for (;;) {
    await condition(() => waiting.length > 0);
    await handle(waiting.splice(0, 1));
  }
}

/** Saves two round trips an event: the documentation recommends local activities for what is short. */
export async function oneByOneLocally(): Promise<void> {
  const waiting = takeIn();
  for (;;) {
    await condition(() => waiting.length > 0);
    await handleLocally(waiting.splice(0, 1));
  }
}

/** Saves activities: whatever waits is handled in one. */
export async function together(): Promise<void> {
  const waiting = takeIn();
  for (;;) {
    await condition(() => waiting.length > 0);
    await handle(waiting.splice(0));
  }
}

/** Waits for nothing, and so gives up the order. */
export async function allAtOnce(): Promise<void> {
  const waiting = takeIn();
  for (;;) {
    await condition(() => waiting.length > 0);
    for (const event of waiting.splice(0)) void handle([event]);
  }
}

function takeIn(): PlainEvent[] {
  const waiting: PlainEvent[] = [];
  const skip = (): number => {
    waiting.shift();
    return waiting.length;
  };
  setHandler(eventSignal, (event) => void waiting.push(event));
  setHandler(skipSignal, () => void skip());
  setHandler(skipUpdate, skip);
  return waiting;
}
