/**
 * Why a verb changed nothing. A workflow that rejects an update sends the rejection in the details of the failure, and a
 * decision that was rejected later keeps its code. Nobody has to read the text to know what happened.
 */

/** Type of the failure with which a workflow rejects an update that would change nothing. */
export const REJECTED = 'Rejected';

/** A code keeps its meaning for good; codes may be added. docs/cli.md lists them. */
export const REJECTION_CODES = [
  /** The argument of the verb cannot be used; the text says which field and why. */
  'invalid-argument',
  'invalid-position',
  'new-data-missing',
  'already-paused',
  'not-paused',
  /** The key has no event at all. */
  'no-event',
  /** The key has events, and none of them has failed. */
  'no-failed-event',
  'record-not-current-yet',
  /** The record has been processed, skipped or replaced, or waits in a segment of a long backlog. */
  'record-passed',
  /** The record never came to this key. */
  'record-unknown',
  'key-healthy',
  /** The key moves between its pool and its lane, or has a lane that has to be asked. Asking again helps. */
  'key-moving',
  'decision-in-progress',
  /** What a terminated run held is being recovered. Asking again helps. */
  'recovering',
  'quarantine-empty',
  'too-many-decisions',
  'too-fragmented',
  'record-not-found',
  /** The key function has no key for any of the records. */
  'still-without-key',
  /** The verb was cut off before it was carried out; it has to be given again. */
  'interrupted',
  /** A code of a newer version. */
  'other',
] as const;

export type RejectionCode = (typeof REJECTION_CODES)[number];

export interface Rejection {
  readonly code: RejectionCode;
  /** For people. */
  readonly why: string;
  /** What the text names, such as `position`, `head` and `state`. */
  readonly fields?: RejectionFields;
}

export type RejectionFields = Readonly<Record<string, string | number>>;

export function rejection(code: RejectionCode, why: string, fields?: RejectionFields): Rejection {
  return { code, why, ...(fields === undefined ? {} : { fields }) };
}

/** The code of a decision that was refused. */
export function readCode(code: string | undefined): RejectionCode | undefined {
  return code === undefined ? undefined : (REJECTION_CODES.find((known) => known === code) ?? 'other');
}

/** A rejection that another process sent, which may be of another version. */
export function readRejection(value: unknown): Rejection {
  const { code, why, fields } = isRecord(value) ? value : {};
  return {
    code: (typeof code === 'string' ? readCode(code) : undefined) ?? 'other',
    why: typeof why === 'string' ? why : 'no reason was given',
    ...(isRecord(fields) ? { fields: readFields(fields) } : {}),
  };
}

function readFields(fields: Readonly<Record<string, unknown>>): RejectionFields {
  const known = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : [],
  );
  return Object.fromEntries(known);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
