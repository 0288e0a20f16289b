import { jsonBytes } from '../../lib/pure/json-bytes.ts';

/** Decisions are carried from run to run, and are only a part of what a next run is given. */
const MAX_BYTES = 128 * 1024;

/** The latest decisions, the last one whatever its size. */
export function keptDecisions<Decision extends object>(
  decisions: readonly Decision[],
  maxCount: number,
): readonly Decision[] {
  let kept = decisions.slice(-maxCount);
  while (kept.length > 1 && jsonBytes(kept) > MAX_BYTES) kept = kept.slice(1);
  return kept;
}
