/**
 * What all JSON documents have in common: a `kind`, which says what the document is about, and a `version`, which grows
 * when a field is removed or changes its meaning. Fields may be added without a new version, so readers ignore the fields
 * that they do not know. Times are in ISO 8601, and positions are written as operators type them.
 *
 * The schema of a document stands beside the function that makes it. docs/json has the schemas as JSON Schema.
 */
import { z } from 'zod';

const VERSION = 1;

/** The schema of a document. */
export function documentSchema<Kind extends string, Shape extends z.core.$ZodLooseShape>(kind: Kind, shape: Shape) {
  return z.object({ version: z.literal(VERSION), kind: z.literal(kind), ...shape });
}

/** The first fields of a document. */
export function head<Kind extends string>(kind: Kind): { version: typeof VERSION; kind: Kind } {
  return { version: VERSION, kind };
}

export const time = z.iso.datetime();
export const count = z.int().nonnegative();

export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** For a time that is not always known. */
export function isoIfKnown(at: number | undefined): string | undefined {
  return at === undefined ? undefined : iso(at);
}
