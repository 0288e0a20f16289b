import { z } from 'zod';
import type { PoolsStatus } from '../pools/pools.ts';
import { count, iso, isoIfKnown, time } from './document.ts';
import { failurePart, failureSchema } from './parts.ts';

/** The pools of a pipeline, together. */
export const poolsSchema = z.object({
  count,
  /** Pools for which no worker answered; the other numbers are without them. */
  silent: count,
  /** Events of keys in the pools that are not handled yet. */
  waiting: count,
  /** Keys that have their own lane. */
  moved: count,
  handled: count,
  /** Pools that accept no more records because too many of their keys have their own lane. */
  fullOfMovedKeys: count,
  /** Pools that hold their keys because most of them fail, and the first of these. */
  outages: count,
  outage: z.object({ since: time, until: time.optional(), failure: failureSchema }).optional(),
  /** Pools that have ended such a hold, and the first of these. */
  releasing: count,
  release: z.object({ since: time, failure: failureSchema }).optional(),
  /** Keys that fail and have no lane of their own yet. */
  failing: z.object({ keys: count, events: count, leaving: count, sample: z.array(z.string()) }).optional(),
  /** What is known of events that were lost. */
  lost: z.array(z.string()),
});

export function poolsPart(pools: PoolsStatus): z.infer<typeof poolsSchema> {
  const { silent, waiting, moved, handled, fullOfMovedKeys, outages, outage, releasing, release, failing, lost } =
    pools;
  return {
    count: pools.count,
    silent,
    waiting,
    moved,
    handled,
    fullOfMovedKeys,
    outages,
    outage: outage && {
      since: iso(outage.since),
      until: isoIfKnown(outage.until),
      failure: failurePart(outage.failure),
    },
    releasing,
    release: release && { since: iso(release.since), failure: failurePart(release.failure) },
    failing: failing && {
      keys: failing.keys,
      events: failing.events,
      leaving: failing.leaving,
      sample: [...failing.sample],
    },
    lost: [...lost],
  };
}
