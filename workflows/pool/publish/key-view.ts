import type { FailingView } from '../../../contracts/pool/view.ts';
import type { Outage } from '../../../contracts/pool/state.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import { dueAt, isUsedUp } from '../failing.ts';
import type { HealthyKeys } from '../queue.ts';

/** The view of a key whose first event fails; undefined for other keys. */
export function failingView(keys: HealthyKeys, key: string, outage: Outage | undefined): FailingView | undefined {
  const failing = keys.failingOf(key);
  const [head] = keys.waitingOf(key);
  if (failing === undefined || head === undefined) return undefined;
  const { attempts, known, lastAt, leaves, since } = failing;
  return {
    since,
    attempts,
    lastAt,
    ...(leaves || isUsedUp(failing) ? {} : { nextAt: dueAt(failing) }),
    position: formatPosition(head.position),
    ...(known === undefined ? {} : { failure: known.failure }),
    ...(outage === undefined ? {} : { hold: { since: outage.since, until: outage.holdUntil } }),
  };
}
