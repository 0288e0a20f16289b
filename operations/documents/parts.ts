/** Parts that several documents have. */
import { z } from 'zod';
import type { EventData } from '../../contracts/event/event.ts';
import type { Failure } from '../../contracts/event/failure.ts';
import { REJECTION_CODES } from '../../contracts/rejection.ts';
import type { Ended } from '../lanes/lane-view.ts';
import { isoIfKnown, time } from './document.ts';

export const failureSchema = z.object({
  type: z.string(),
  message: z.string(),
  stack: z.string().optional(),
  nonRetryable: z.boolean(),
});

export function failurePart({ type, message, stack, nonRetryable }: Failure): z.infer<typeof failureSchema> {
  return { type, message, stack, nonRetryable };
}

/** How a workflow was closed: as Temporal names it, such as `COMPLETED` and `TERMINATED`. */
export const endedSchema = z.object({ how: z.string(), at: time.optional() });

export function endedPart({ how, at }: Ended): z.infer<typeof endedSchema> {
  return { how, at: isoIfKnown(at) };
}

/** JSON and text as they are, other bytes in base64; of data that is stored elsewhere, where it is and how it begins. */
export const dataSchema = z.union([
  z.object({ json: z.unknown() }),
  z.object({ text: z.string() }),
  z.object({ base64: z.string() }),
  z.object({ claim: z.object({ name: z.string(), sha256: z.string(), preview: z.string() }) }),
  z.object({
    sourceOnly: z.object({
      preview: z.string(),
      stored: z.object({ name: z.string(), sha256: z.string() }).optional(),
    }),
  }),
]);

export function dataPart(data: EventData): z.infer<typeof dataSchema> {
  return data;
}

export const rejectionSchema = z.object({
  code: z.enum(REJECTION_CODES),
  why: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
