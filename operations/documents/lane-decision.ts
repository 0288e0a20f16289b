import { z } from 'zod';
import type { Decision } from '../../contracts/lane/decision.ts';
import { VERBS } from '../../contracts/names.ts';
import { readCode, REJECTION_CODES } from '../../contracts/rejection.ts';
import { iso, time } from './document.ts';
import { failurePart, failureSchema } from './parts.ts';

const LANE_STATES = ['idle', 'running', 'retrying', 'blocked', 'paused'] as const;

export const laneStateSchema = z.enum(LANE_STATES);

/** What a verb on a key did. */
export const laneDecisionSchema = z.object({
  verb: z.enum(VERBS),
  outcome: z.enum(['done', 'refused']),
  /** Set when it was refused. */
  code: z.enum(REJECTION_CODES).optional(),
  why: z.string().optional(),
  at: time,
  by: z.string(),
  reason: z.string().optional(),
  position: z.string().optional(),
  stateBefore: laneStateSchema,
  stateAfter: laneStateSchema,
  /** The failure that was decided on. */
  failure: failureSchema.optional(),
  /** The beginning of the data before and after a replace, and of a skipped record. */
  dataBefore: z.string().optional(),
  dataAfter: z.string().optional(),
  /** Where the data before stays in the store of large events. */
  claimBefore: z.string().optional(),
});

export function laneDecisionPart(decision: Decision): z.infer<typeof laneDecisionSchema> {
  const { verb, outcome, code, why, at, by, reason, position, stateBefore, stateAfter } = decision;
  const { failure, dataBefore, dataAfter, claimBefore } = decision;
  return {
    verb,
    outcome,
    code: readCode(code),
    why,
    at: iso(at),
    by,
    reason,
    position,
    stateBefore,
    stateAfter,
    failure: failure && failurePart(failure),
    dataBefore,
    dataAfter,
    claimBefore,
  };
}
