import { z } from 'zod';
import type { BulkResult } from '../decisions/decide-all.ts';
import type { NamedKey } from '../lanes/named-key.ts';
import { count, documentSchema, head } from './document.ts';
import { errorSchema } from './error.ts';
import { laneDecisionPart, laneDecisionSchema, laneStateSchema } from './lane-decision.ts';
import { failurePart, failureSchema } from './parts.ts';

const namedKey = {
  /** The key as it is typed. */
  name: z.string(),
  pipeline: z.string(),
  key: z.string(),
};

const outcomeSchema = z.object({
  record: z.enum(['handled', 'skipped', 'failed again', 'not done yet', 'unknown']),
  lane: z.union([laneStateSchema, z.literal('ended')]),
  /** Events of the key that are not handled yet. */
  waiting: count,
  /** Why the head fails: this record, or the one that became the head after it. */
  failure: failureSchema.optional(),
  attempts: count.optional(),
  head: z.string().optional(),
});

/** What a verb on one or more keys did. */
export const decisionsDocumentSchema = documentSchema('decisions', {
  decisions: z.array(
    z.object({
      ...namedKey,
      /** `outcome` in here says whether the lane has carried out the verb. */
      decision: laneDecisionSchema,
      /** What became of the record since. Absent when the command did not wait. */
      outcome: outcomeSchema.optional(),
    }),
  ),
  /** Keys for which nothing was changed. */
  refused: z.array(z.object({ ...namedKey, error: errorSchema })),
});

export function decisionsDocument(
  { decided, rejected }: BulkResult,
  nameOf: (key: NamedKey) => string,
  describeError: (error: unknown) => z.infer<typeof errorSchema>,
): z.infer<typeof decisionsDocumentSchema> {
  return {
    ...head('decisions'),
    decisions: decided.map(({ key, decision, outcome }) => ({
      ...keyPart(key, nameOf(key)),
      decision: laneDecisionPart(decision),
      outcome: outcome && { ...outcome, failure: outcome.failure && failurePart(outcome.failure) },
    })),
    refused: rejected.map(({ key, error }) => ({ ...keyPart(key, nameOf(key)), error: describeError(error) })),
  };
}

function keyPart({ pipeline, key }: NamedKey, name: string) {
  return { name, pipeline, key };
}
