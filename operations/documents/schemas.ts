/** The schemas of all documents, by kind. */
import { z } from 'zod';
import { backlogDocumentSchema } from './backlog.ts';
import { blockedDocumentSchema } from './blocked.ts';
import { decisionsDocumentSchema } from './decisions.ts';
import { errorDocumentSchema } from './error.ts';
import { laneDocumentSchema } from './lane.ts';
import { pooledKeyDocumentSchema } from './pooled-key.ts';
import { quarantineDecisionsDocumentSchema } from './quarantine-decision.ts';
import { quarantineDocumentSchema } from './quarantine.ts';
import { statusDocumentSchema } from './status.ts';

export const DOCUMENT_SCHEMAS = {
  backlog: backlogDocumentSchema,
  blocked: blockedDocumentSchema,
  decisions: decisionsDocumentSchema,
  error: errorDocumentSchema,
  lane: laneDocumentSchema,
  'pooled-key': pooledKeyDocumentSchema,
  quarantine: quarantineDocumentSchema,
  'quarantine-decisions': quarantineDecisionsDocumentSchema,
  status: statusDocumentSchema,
} as const;

export type DocumentKind = keyof typeof DOCUMENT_SCHEMAS;

/** The schema as JSON Schema, in which other fields are allowed: later versions may add some. */
export function jsonSchemaOf(kind: DocumentKind): object {
  return z.toJSONSchema(DOCUMENT_SCHEMAS[kind], { io: 'input', override: ({ jsonSchema }) => simplify(jsonSchema) });
}

/** The format of a time and the type of a number say what a reader needs. */
function simplify(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format === 'date-time') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}
