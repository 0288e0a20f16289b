/** Which keys a pool tries while most keys fail. Pure. */
import type { EventLimits } from '../../../contracts/event/weight.ts';
import type { Outage, ProbeCounts } from '../../../contracts/pool/state.ts';
import { dueAt } from '../failing.ts';
import type { HealthyKeys, TakenKey } from '../queue.ts';

/** Maximum number of keys that are about to move out, while other failing keys are still tried. */
const MAX_LEAVING = 50;

export interface ProbeLimits {
  readonly batch: EventLimits;
  /** Maximum number of events of a fresh key. A key that has failed tries only its first event. */
  readonly eventsPerKey: number;
}

/** Maximum number of keys in a batch after a process died during one; after a second time, each key runs alone. */
const KEYS_AFTER_A_LOSS = 32;

/** Maximum number of keys in a batch, by how many times in a row their process died. */
export function mostKeysAfter(losses: number): number {
  if (losses === 0) return Infinity;
  return losses === 1 ? KEYS_AFTER_A_LOSS : 1;
}

/**
 * Fresh keys show whether handlers work for events that have not been tried, and failed keys whether their failures are
 * temporary. A failed key is not tried before its retry policy allows it.
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
  // The key that is next decides: a key that kills processes must not be batched with the same other keys each time.
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
 * Whether a key may be tried after a hold. Keys that have not failed run at full speed. Failed keys are tried once more when
 * their policy allows it, and only as fast as keys move out: if handlers work again, these keys need no lanes.
 * @returns a function that counts the failed keys that it admits
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

/** The earliest time at which the retry policy of a queued failing key allows an attempt; undefined if there is no such key. */
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
