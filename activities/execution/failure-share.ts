import type { Failure } from '../../contracts/event/failure.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import { truncate } from '../../lib/pure/text.ts';

/** Of all failures in one report. Temporal refuses a payload of more than 2 MiB, and warns from half a MiB on. */
const MAX_BYTES = 448 * 1024;

/** Bytes that each of so many failures may take in one report. */
export function failureShare(failures: number): number {
  return Math.floor(MAX_BYTES / Math.max(1, failures));
}

/** The failure without its stack, and with as much of its message as fits, where it takes more than its share. */
export function cutToShare(failure: Failure, share: number): Failure {
  if (jsonBytes(failure) <= share) return failure;
  const { stack: _stack, ...short } = failure;
  let { message } = short;
  for (let bytes = jsonBytes(short); bytes > share && message.length > 1; bytes = jsonBytes({ ...short, message })) {
    message = truncate(message, Math.max(1, Math.floor(message.length * Math.min(0.8, share / bytes))));
  }
  return { ...short, message };
}
