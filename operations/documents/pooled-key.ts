import { z } from 'zod';
import type { FailingView } from '../../contracts/pool/view.ts';
import type { ObservedPooledKey } from '../pools/pooled-key.ts';
import { count, documentSchema, head, iso, isoIfKnown, time } from './document.ts';
import { failurePart, failureSchema } from './parts.ts';

const failingSchema = z.object({
  since: time,
  attempts: count,
  lastAt: time,
  /** Not tried before this time. Absent when no attempts remain and the key is about to get its own lane. */
  nextAt: time.optional(),
  position: z.string(),
  failure: failureSchema.optional(),
  /** Set while the pool holds its keys because most of them fail. */
  hold: z.object({ since: time, until: time }).optional(),
});

/** What `keylane show` knows of a key that has no lane of its own. */
export const pooledKeyDocumentSchema = documentSchema('pooled-key', {
  /** The key as it is typed. */
  name: z.string(),
  pipeline: z.string(),
  key: z.string(),
  pool: count,
  workflowId: z.string(),
  view: z.discriminatedUnion('where', [
    z.object({ where: z.literal('pool'), waiting: count, isInBatch: z.boolean(), failing: failingSchema.optional() }),
    z.object({ where: z.literal('lane'), waiting: count }),
  ]),
});

type PooledKeyDocument = z.infer<typeof pooledKeyDocumentSchema>;

export function pooledKeyDocument(pooled: ObservedPooledKey, name: string): PooledKeyDocument {
  const { pipeline, key, pool, workflowId, view } = pooled;
  return { ...head('pooled-key'), name, pipeline, key, pool, workflowId, view: viewPart(view) };
}

function viewPart(view: ObservedPooledKey['view']): PooledKeyDocument['view'] {
  if (view.where === 'lane') return { where: 'lane', waiting: view.waiting };
  const { waiting, isInBatch, failing } = view;
  return { where: 'pool', waiting, isInBatch, failing: failing && failingPart(failing) };
}

function failingPart(failing: FailingView): z.infer<typeof failingSchema> {
  const { since, attempts, lastAt, nextAt, position, failure, hold } = failing;
  return {
    since: iso(since),
    attempts,
    lastAt: iso(lastAt),
    nextAt: isoIfKnown(nextAt),
    position,
    failure: failure && failurePart(failure),
    hold: hold && { since: iso(hold.since), until: iso(hold.until) },
  };
}
