/** Bytes that an event's data may take in Temporal unless the settings say otherwise; more goes to a store. */
export const DEFAULT_INLINE_BYTES = 64 * 1024;
/** What is kept of large data in its event takes about as much. */
export const LEAST_INLINE_BYTES = 1024;
/**
 * More can be set by nobody: Temporal takes 2 MiB in one payload, and warns from half a MiB on. A lane carries the event at
 * its head from run to run, together with everything else that it holds itself.
 */
export const MOST_INLINE_BYTES = 1024 * 1024;

/** Thrown for an event whose data is too large for Temporal and cannot be had where it is needed. A person has to act. */
export class LargeEventError extends Error {
  override readonly name = 'LargeEventError';
}
