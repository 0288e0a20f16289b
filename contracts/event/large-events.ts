import type { ClaimedData, LaneEvent, SourceOnlyData } from './event.ts';
import type { Failure, RetryPolicy } from './failure.ts';

/** Bytes that an event's data may take in Temporal where there is a store, unless the settings say otherwise. */
export const DEFAULT_INLINE_BYTES = 64 * 1024;
/** What is kept of large data in its event takes about as much. */
export const MIN_INLINE_BYTES = 1024;
/**
 * What goes through Temporal where there is no store, and the most that can be set: Temporal takes 2 MiB in one payload, and warns from half a MiB on. A lane carries the event at
 * its head from run to run, together with everything else that it holds itself.
 */
export const MAX_INLINE_BYTES = 1024 * 1024;

/** Type of the failure of an event whose data is too large for Temporal, and cannot be had before a person acts. */
export const LARGE_EVENT = 'LargeEventError';
/** Type of the failure of an event whose data nobody has any more. */
export const DATA_GONE = 'DataGoneError';

/** Thrown for an event of which this process cannot have the data. */
export class LargeEventError extends Error {
  override readonly name = LARGE_EVENT;
}

/** The event whose data is to be fetched from the source. */
export interface FetchInput extends Pick<LaneEvent, 'position' | 'arrivedAt' | 'size'> {
  readonly pipeline: string;
  readonly key: string;
  /** Where the bridge was writing the data when the event went on without it. */
  readonly sourceOnly?: SourceOnlyData['sourceOnly'];
}

/**
 * A failure is one that only an operator can fix. `retry` is the policy of the process that tried, for the attempts that come when
 * the operator retries the key.
 */
export type FetchOutcome = { readonly data: ClaimedData } | { readonly failure: Failure; readonly retry: RetryPolicy };
