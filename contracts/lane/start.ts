/** What a lane is started with beside its input, whoever starts it. */
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import { encode } from '@temporalio/common/lib/encoding.js';
import { searchableKey } from './id.ts';
import { codeSpan } from '../../lib/pure/markdown.ts';
import { SEARCH_ATTRIBUTES } from '../names.ts';
import { truncate } from '../../lib/pure/text.ts';
import { visibleName } from '../../lib/pure/visible.ts';

/** What the page of a lane says before anything has happened; what is blocked, and how to release it, changes. */
export const LANE_DETAILS =
  'What this lane is doing, and how to release its key when it is blocked, is in the tab **User Metadata**, under ' +
  '**Current Details**. The search attribute `KeylaneStatus` says whether it is blocked.';

/** Bytes that Temporal takes as a summary. */
const LONGEST_SUMMARY = 400;

const PIPELINE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.pipeline, SearchAttributeType.KEYWORD);
const KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.key, SearchAttributeType.KEYWORD);

/** Those that never change. */
export function staticAttributes(pipeline: string, key: string): SearchAttributePair[] {
  const searchable = searchableKey(key);
  const attributes: SearchAttributePair[] = [{ key: PIPELINE, value: pipeline }];
  if (searchable !== undefined) attributes.push({ key: KEY, value: searchable });
  return attributes;
}

/** The key in markdown, as much of it as Temporal takes. */
export function summaryOf(key: string): string {
  // What has no meaning in markdown stands as it is.
  if (/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/.test(key)) return key;
  for (let length = Math.min(key.length, LONGEST_SUMMARY); ; length = Math.floor(length * 0.8)) {
    const summary = codeSpan(visibleName(truncate(key, Math.max(1, length))));
    if (encode(summary).length <= LONGEST_SUMMARY) return summary;
  }
}
