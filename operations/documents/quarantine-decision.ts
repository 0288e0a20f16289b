import { z } from 'zod';
import { QUARANTINE_VERBS, type QuarantineDecision } from '../../contracts/quarantine/decision.ts';
import { readCode, REJECTION_CODES } from '../../contracts/rejection.ts';
import { count, documentSchema, head, iso, time } from './document.ts';

const resolvedRecordSchema = z.object({
  position: z.string(),
  reason: z.string(),
  /** The key that a retry or replace has found. */
  key: z.string().optional(),
  /** The beginning of the data. */
  dataBefore: z.string(),
  dataAfter: z.string().optional(),
  /** Where the data before stays in the store of large events. */
  claimBefore: z.string().optional(),
});

/** What a verb on the quarantine did. */
export const quarantineDecisionSchema = z.object({
  id: z.string(),
  verb: z.enum(QUARANTINE_VERBS),
  outcome: z.enum(['in progress', 'done', 'refused']),
  /** Set when it was refused. */
  code: z.enum(REJECTION_CODES).optional(),
  why: z.string().optional(),
  at: time,
  by: z.string(),
  reason: z.string().optional(),
  /** What it was meant for, in words. */
  target: z.string(),
  /** Records that have left the quarantine. */
  resolved: count,
  /** Records that still have no key. */
  unresolved: count,
  /** The first few of those that have left. */
  records: z.array(resolvedRecordSchema),
  firstUnresolved: z.object({ position: z.string(), reason: z.string() }).optional(),
});

export function quarantineDecisionPart(decision: QuarantineDecision): z.infer<typeof quarantineDecisionSchema> {
  const { id, verb, outcome, code, why, at, by, reason, target, decided, kept, records, firstKept } = decision;
  return {
    id,
    verb,
    outcome: outcome === 'going on' ? 'in progress' : outcome,
    code: readCode(code),
    why,
    at: iso(at),
    by,
    reason,
    target,
    resolved: decided,
    unresolved: kept,
    records: records.map(({ position, reason: cause, key, dataBefore, dataAfter, claimBefore }) => {
      return { position, reason: cause, key, dataBefore, dataAfter, claimBefore };
    }),
    firstUnresolved: firstKept && { position: firstKept.position, reason: firstKept.reason },
  };
}

/** What a verb on the quarantine did. Many positions make several decisions. */
export const quarantineDecisionsDocumentSchema = documentSchema('quarantine-decisions', {
  pipeline: z.string(),
  decisions: z.array(quarantineDecisionSchema),
});

export function quarantineDecisionsDocument(
  pipeline: string,
  decisions: readonly QuarantineDecision[],
): z.infer<typeof quarantineDecisionsDocumentSchema> {
  return { ...head('quarantine-decisions'), pipeline, decisions: decisions.map(quarantineDecisionPart) };
}
