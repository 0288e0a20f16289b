import { ApplicationFailure } from '@temporalio/common';
import { isGone } from './gone.ts';

/**
 * Fails for good when Temporal does not have what was asked for: no retry brings it back.
 * @param type of the failure
 * @param what was asked for, for the message
 */
export async function unlessGone<T>(type: string, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isGone(error)) throw error;
    throw ApplicationFailure.create({
      type,
      message: `Temporal does not have ${what} any more`,
      nonRetryable: true,
      cause: error instanceof Error ? error : new Error(String(error)),
    });
  }
}
