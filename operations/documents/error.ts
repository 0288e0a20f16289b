import { z } from 'zod';
import { documentSchema, head } from './document.ts';
import { rejectionSchema } from './parts.ts';

/** What went wrong. Which of the last fields are there depends on the code. */
export const errorSchema = z.object({
  /** docs/cli.md lists the codes. A code keeps its meaning for good. */
  code: z.string(),
  exitCode: z.int(),
  message: z.string(),
  pipeline: z.string().optional(),
  key: z.string().optional(),
  position: z.string().optional(),
  verb: z.string().optional(),
  workflowId: z.string().optional(),
  taskQueue: z.string().optional(),
  address: z.string().optional(),
  /** Why a verb changed nothing. */
  rejection: rejectionSchema.optional(),
});

export const errorDocumentSchema = documentSchema('error', { error: errorSchema });

type ErrorPart = z.infer<typeof errorSchema>;

const FIELDS = ['pipeline', 'key', 'position', 'verb', 'workflowId', 'taskQueue', 'address'] as const;

/** @param error its fields are added, where it is one of ours */
export function errorPart(error: unknown, told: Pick<ErrorPart, 'code' | 'exitCode' | 'message'>): ErrorPart {
  if (!(error instanceof Error)) return told;
  const own: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(error));
  const fields = FIELDS.flatMap((name) => (typeof own[name] === 'string' ? [[name, own[name]] as const] : []));
  const rejected = rejectionSchema.safeParse(own['rejection']);
  return { ...told, ...Object.fromEntries(fields), ...(rejected.success ? { rejection: rejected.data } : {}) };
}

export function errorDocument(error: ErrorPart): z.infer<typeof errorDocumentSchema> {
  return { ...head('error'), error };
}
