import { z } from 'zod';
import { formatPosition } from '../../contracts/event/position.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantinePage } from '../quarantine/quarantine-view.ts';
import { count, documentSchema, head, iso, time } from './document.ts';
import { dataPart, dataSchema } from './parts.ts';
import { quarantineDecisionPart, quarantineDecisionSchema } from './quarantine-decision.ts';

const recordSchema = z.object({
  position: z.string(),
  arrivedAt: time,
  data: dataSchema,
  /** Bytes. */
  size: count,
  /** What the key function threw or returned. */
  reason: z.string(),
  partitionKey: z.string().optional(),
  /** How often it was replaced. */
  replaced: count.optional(),
});

const pageSchema = z.object({
  pipeline: z.string(),
  /** All records of the quarantine. */
  count,
  /** Set when the quarantine was terminated, or records of it are lost. */
  problem: z.string().optional(),
  records: z.array(recordSchema),
  /** Whether there are more records behind these. */
  more: z.boolean(),
  /** Segments that Temporal no longer has. */
  gone: z.array(z.string()),
  /** Verbs in progress. */
  pending: z.array(quarantineDecisionSchema),
  decisions: z.array(quarantineDecisionSchema),
});

/** What `keylane quarantine list` lists. */
export const quarantineDocumentSchema = documentSchema('quarantine', { pipelines: z.array(pageSchema) });

export function quarantineDocument(pages: readonly QuarantinePage[]): z.infer<typeof quarantineDocumentSchema> {
  return { ...head('quarantine'), pipelines: pages.map(pagePart) };
}

function pagePart({ pipeline, view, problem, records, more, gone }: QuarantinePage): z.infer<typeof pageSchema> {
  return {
    pipeline,
    count: view.count,
    problem,
    records: records.map(recordPart),
    more,
    gone: [...gone],
    pending: view.pending.map(quarantineDecisionPart),
    decisions: view.decisions.map(quarantineDecisionPart),
  };
}

function recordPart(record: QuarantinedRecord): z.infer<typeof recordSchema> {
  const { position, arrivedAt, data, size, reason, partitionKey, replaced } = record;
  return {
    position: formatPosition(position),
    arrivedAt: iso(arrivedAt),
    data: dataPart(data),
    size,
    reason,
    partitionKey,
    replaced,
  };
}
