import { decodeEventData } from '../../contracts/event/data-codec.ts';
import { isInline, type LaneEvent } from '../../contracts/event/event.ts';
import { failureText, MAX_FAILURE_CHARS, type Failure } from '../../contracts/event/failure.ts';
import { LargeEventError } from '../../contracts/event/large-events.ts';
import { failureOf } from '../../contracts/event/thrown.ts';
import type { Claims } from '../../stores/claims.ts';
import { DataGoneError, StoreUnavailableError } from '../../stores/errors.ts';

/**
 * The data of an event, from wherever it is stored.
 * @throws {StoreError}
 * @throws {LargeEventError} when this process cannot have it
 */
export async function dataOf(
  { data, size }: Pick<LaneEvent, 'data' | 'size'>,
  claims: Claims | undefined,
  signal: () => AbortSignal,
): Promise<Uint8Array> {
  if (isInline(data)) return decodeEventData(data);
  if ('sourceOnly' in data) throw new LargeEventError(`Its data (${size} bytes) is in the source only`);
  if (claims === undefined) {
    throw new LargeEventError(
      `Its data (${size} bytes) lies in a store, as ${data.claim.name}, and this worker has none: set ` +
        'largeEvents.store as it is set for the bridge, restart the worker, then retry the key',
    );
  }
  return await claims.read(data.claim, signal());
}

/** A store that is unavailable is retried as a failed handler is. Everything else needs an operator. */
export function dataFailure(error: unknown): Failure {
  const failure: Failure = { ...failureOf(error), nonRetryable: !(error instanceof StoreUnavailableError) };
  if (!(error instanceof DataGoneError)) return failure;
  const ways = 'Bring it back and retry the key, or skip the event, or replace its data.';
  const message = failureText(`The data of this event is gone. ${failure.message}. ${ways}`, MAX_FAILURE_CHARS.message);
  return { ...failure, message };
}
