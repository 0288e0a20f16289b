/*
 * Lines that Keylane's own workflows write into the log of the process that runs them. They go through the logger of
 * Temporal's SDK, which adds its own fields and writes lines of its own; by this mark they are told apart.
 */

const MARK = 'keylane';

/** The fields of a line, as the SDK's logger takes them. */
export function ownLine(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { [MARK]: fields };
}

/** The fields of a line that is ours; undefined for one of the SDK. */
export function ownFields(meta: Readonly<Record<PropertyKey, unknown>>): Readonly<Record<string, unknown>> | undefined {
  const fields = meta[MARK];
  return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : undefined;
}
