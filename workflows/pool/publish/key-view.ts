import type { FailingView, PoolKeyView } from '../../../contracts/pool/view.ts';
import type { Outage } from '../../../contracts/pool/state.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import { dueAt, isUsedUp } from '../failing.ts';
import type { PoolKeys } from '../keys.ts';
import type { HealthyKeys } from '../queue.ts';

/** What a pool says of a key. */
export function keyView({ healthy, moved }: PoolKeys, key: string, outage: Outage | undefined): PoolKeyView {
  if (moved.has(key)) return { where: 'lane', waiting: moved.waitingOf(key).length };
  const failing = failingView(healthy, key, outage);
  return {
    where: 'pool',
    waiting: healthy.waitingOf(key).length,
    isInBatch: healthy.isInBatch(key),
    ...(failing === undefined ? {} : { failing }),
  };
}

/** Undefined for a key whose first event does not fail. */
function failingView(keys: HealthyKeys, key: string, outage: Outage | undefined): FailingView | undefined {
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
