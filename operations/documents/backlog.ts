import { z } from 'zod';
import type { BacklogPage } from '../lanes/backlog.ts';
import type { NamedKey } from '../lanes/named-key.ts';
import { count, documentSchema, head, iso, time } from './document.ts';

/** Some of the events of a lane, the head first. */
export const backlogDocumentSchema = documentSchema('backlog', {
  /** The key as it is typed. */
  name: z.string(),
  pipeline: z.string(),
  key: z.string(),
  /** Events of the lane, the head included. */
  total: count,
  events: z.array(z.object({ index: count, position: z.string(), arrivedAt: time, size: count })),
});

export function backlogDocument(
  { skipped, events, total }: BacklogPage,
  { pipeline, key }: NamedKey,
  name: string,
): z.infer<typeof backlogDocumentSchema> {
  return {
    ...head('backlog'),
    name,
    pipeline,
    key,
    total,
    events: events.map(({ position, arrivedAt, size }, index) => {
      return { index: skipped + index, position, arrivedAt: iso(arrivedAt), size };
    }),
  };
}
