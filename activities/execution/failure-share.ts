import type { Failure } from '../../contracts/event/failure.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import { truncate } from '../../lib/pure/text.ts';

/** Maximum for all failures in one report. Temporal refuses a payload of more than 2 MiB, and warns from half a MiB on. */
const MAX_BYTES = 448 * 1024;

/** Maximum bytes of each failure in a report with this many. */
export function failureShare(failures: number): number {
  return Math.floor(MAX_BYTES / Math.max(1, failures));
}

/** A failure that is larger than its share loses its stack, and as much of its message as necessary. */
export function cutToShare(failure: Failure, share: number): Failure {
  if (jsonBytes(failure) <= share) return failure;
  const { stack: _stack, ...short } = failure;
  let { message } = short;
  for (let bytes = jsonBytes(short); bytes > share && message.length > 1; bytes = jsonBytes({ ...short, message })) {
    message = truncate(message, Math.max(1, Math.floor(message.length * Math.min(0.8, share / bytes))));
  }
  return { ...short, message };
}
