import { z } from 'zod';
import type { BlockedLane, BlockedLanes } from '../lanes/blocked-lanes.ts';
import { causesOf } from '../lanes/causes.ts';
import type { FailingPools } from '../pools/failing-pools.ts';
import { count, documentSchema, head, isoIfKnown, time } from './document.ts';
import { endedPart, endedSchema, failurePart, failureSchema } from './parts.ts';
import { poolsPart, poolsSchema } from './pools.ts';

const blockedKeySchema = z.object({
  /** The key as it is typed. */
  name: z.string(),
  pipeline: z.string(),
  key: z.string(),
  workflowId: z.string(),
  /** Since when its head has been failing. */
  since: time.optional(),
  attempts: count.optional(),
  position: z.string().optional(),
  failure: failureSchema.optional(),
  /** What failures with the same cause have in common (`KeylaneError`). */
  cause: z.string().optional(),
  /** Events behind the head. */
  waiting: count,
  /** False when no worker answered: `waiting` is the count at the time the key got blocked. */
  exact: z.boolean(),
  /** Set when the lane was terminated, failed or timed out; a verb starts it again with all that it held. */
  ended: endedSchema.optional(),
});

/** What `keylane blocked` lists. */
export const blockedDocumentSchema = documentSchema('blocked', {
  /** All blocked keys, those beyond the limit included. */
  total: count,
  /** Closed lanes first, then the longest blocked ones. */
  blocked: z.array(blockedKeySchema),
  /** Of the keys in the list, the most frequent cause first. */
  causes: z.array(z.object({ pipeline: z.string(), cause: z.string(), keys: count })),
  /** Pools in which keys fail that are not blocked yet. */
  failingPools: z.array(z.object({ pipeline: z.string(), ...poolsSchema.shape })),
});

export function blockedDocument(
  { lanes, total }: BlockedLanes,
  failingPools: readonly FailingPools[],
  nameOf: (lane: BlockedLane) => string,
): z.infer<typeof blockedDocumentSchema> {
  return {
    ...head('blocked'),
    total,
    blocked: lanes.map((lane) => blockedKeyPart(lane, nameOf(lane))),
    causes: causesOf(lanes).map(({ pipeline, cause, keys }) => ({ pipeline, cause, keys })),
    failingPools: failingPools.map(({ pipeline, pools }) => ({ pipeline, ...poolsPart(pools) })),
  };
}

function blockedKeyPart(lane: BlockedLane, name: string): z.infer<typeof blockedKeySchema> {
  const { pipeline, key, workflowId, since, attempts, position, failure, cause, waiting, exact, ended } = lane;
  return {
    name,
    pipeline,
    key,
    workflowId,
    since: isoIfKnown(since),
    attempts,
    position,
    failure: failure && failurePart(failure),
    cause,
    waiting,
    exact,
    ended: ended && endedPart(ended),
  };
}
