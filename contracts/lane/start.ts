/** What every starter of a lane gives it in addition to its input: details, search attributes, summary. */
import type { SearchAttributePair } from '@temporalio/common';
import { encode } from '@temporalio/common/lib/encoding.js';
import { searchableKey } from './id.ts';
import { codeSpan } from '../../lib/pure/markdown.ts';
import { ATTRIBUTES } from '../search-attributes.ts';
import { truncate } from '../../lib/pure/text.ts';
import { visibleName } from '../../lib/pure/visible.ts';

/** Static details of a lane's page in the Temporal UI. The current details say what is blocked and how to release it. */
export const LANE_DETAILS =
  'What this lane is doing, and how to release its key when it is blocked, is in the tab **User Metadata**, under ' +
  '**Current Details**. The search attribute `KeylaneStatus` says whether it is blocked.';

/** Maximum bytes of a summary (Temporal's limit). */
const LONGEST_SUMMARY = 400;

/** The search attributes that never change. */
export function staticAttributes(pipeline: string, key: string): SearchAttributePair[] {
  const searchable = searchableKey(key);
  const attributes: SearchAttributePair[] = [{ key: ATTRIBUTES.pipeline, value: pipeline }];
  if (searchable !== undefined) attributes.push({ key: ATTRIBUTES.key, value: searchable });
  return attributes;
}

/** The key in markdown, cut to the length that Temporal accepts. */
export function summaryOf(key: string): string {
  // A key without markdown characters needs no code span.
  if (/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/.test(key)) return key;
  for (let length = Math.min(key.length, LONGEST_SUMMARY); ; length = Math.floor(length * 0.8)) {
    const summary = codeSpan(visibleName(truncate(key, Math.max(1, length))));
    if (encode(summary).length <= LONGEST_SUMMARY) return summary;
  }
}
