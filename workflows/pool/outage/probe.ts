/** Which keys a pool tries while most of them fail. Pure. */
import type { EventLimits } from '../../../contracts/event/weight.ts';
import type { Outage, ProbeCounts } from '../../../contracts/pool/state.ts';
import { dueAt } from '../failing.ts';
import type { HealthyKeys, TakenKey } from '../queue.ts';

/** Keys that wait for their turn to move out, while others that fail are still tried. */
const MAX_LEAVING = 50;

export interface ProbeLimits {
  readonly batch: EventLimits;
  /** Events of a fresh key. One that has failed tries its first event alone. */
  readonly eventsPerKey: number;
}

/** Keys of a batch after one was lost with its process: fewer and fewer, until the one that kills processes is alone. */
const KEYS_AFTER_A_LOSS = 32;

/** How many keys go together that were lost so often with their process. */
export function mostKeysAfter(losses: number): number {
  if (losses === 0) return Infinity;
  return losses === 1 ? KEYS_AFTER_A_LOSS : 1;
}

/**
 * Fresh keys show whether handlers work for events that were not tried yet, and keys that have failed whether their failures
 * pass. A key that has failed is not tried before its retry policy allows it.
 */
export function takeProbe(
  keys: HealthyKeys,
  { fresh = 1, retried = 1 }: Outage,
  { batch, eventsPerKey }: ProbeLimits,
  now: number,
): TakenKey[] {
  const isFresh = (key: string): boolean => keys.failingOf(key) === undefined;
  const isDue = (key: string): boolean => {
    const failing = keys.failingOf(key);
    return failing !== undefined && dueAt(failing) <= now;
  };
  // Whose turn it is decides: a key that kills processes must not take the same others with it each time.
  const first = [...keys.ready()].find((key) => isFresh(key) || isDue(key));
  if (first === undefined) return [];
  const losses = keys.lossesOf(first);
  const left = { ...batch };
  let maxRemaining = mostKeysAfter(losses);
  const take = (count: number, isMeant: (key: string) => boolean): TakenKey[] => {
    const where = (key: string) => keys.lossesOf(key) === losses && isMeant(key);
    const mostKeys = Math.min(count, maxRemaining);
    const taken = left.events <= 0 ? [] : keys.take({ limits: left, eventsPerKey, mostKeys, where });
    for (const { events } of taken) left.events -= events.length;
    maxRemaining -= taken.length;
    return taken;
  };
  const failed = take(retried, isDue);
  return [...failed, ...take(fresh, isFresh)];
}

/**
 * Whether a key may be tried after a hold. Keys that have not failed go on at full speed. Those that have are tried once more, when
 * their policy allows it and only as fast as keys move out: when handlers work again by then they need no lanes.
 * @returns a function that counts the failed ones that it lets pass
 */
export function mayTryReleased(keys: HealthyKeys, now: number): (key: string) => boolean {
  let room = MAX_LEAVING - keys.leavingCount;
  return (key) => {
    const failing = keys.failingOf(key);
    if (failing === undefined) return true;
    if (room <= 0 || dueAt(failing) > now) return false;
    room -= 1;
    return true;
  };
}

/** When the retry policy of a failing key that waits allows the next attempt; undefined when none waits. */
export function nextDueAt(keys: HealthyKeys): number | undefined {
  let at: number | undefined;
  for (const key of keys.ready()) {
    const failing = keys.failingOf(key);
    if (failing !== undefined) at = Math.min(at ?? Infinity, dueAt(failing));
  }
  return at;
}

/** @param attempts of the key before this one */
export function countProbe(counts: ProbeCounts, attempts: number, isDone: boolean): ProbeCounts {
  const name = `${attempts > 0 ? 'retried' : 'fresh'}${isDone ? 'Done' : 'Failed'}` as const;
  return { ...counts, [name]: counts[name] + 1 };
}
