/**
 * Thrown by a handler for an event that no retry will mend: its key is blocked at once and waits for a person.
 *
 * Recognised by its name, so that a handler bundled with a copy of its own of this class is understood too.
 */
export class NonRetryableError extends Error {
  override readonly name: string = 'NonRetryableError';
}

/**
 * Thrown by `record.json()` when the data is not JSON. In a handler it blocks the key at once (O8); in a key function
 * it sends the record to the quarantine.
 */
export class UndecodableError extends NonRetryableError {
  override readonly name = 'UndecodableError';
}

/** The names of errors after which a retry is useless. */
export const NON_RETRYABLE_ERROR_NAMES: readonly string[] = ['NonRetryableError', 'UndecodableError'];
