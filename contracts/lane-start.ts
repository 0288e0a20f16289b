/** What a lane is started with beside its input, whoever starts it. */
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import { searchableKey } from './lane-id.ts';
import { SEARCH_ATTRIBUTES } from './names.ts';

/** Bytes that Temporal takes as a summary. */
const LONGEST_SUMMARY = 400;

const PIPELINE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.pipeline, SearchAttributeType.KEYWORD);
const KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.key, SearchAttributeType.KEYWORD);

/** Those that never change. */
export function lastingAttributes(pipeline: string, key: string): SearchAttributePair[] {
  const searchable = searchableKey(key);
  const attributes: SearchAttributePair[] = [{ key: PIPELINE, value: pipeline }];
  if (searchable !== undefined) attributes.push({ key: KEY, value: searchable });
  return attributes;
}

/** The key, as much of it as Temporal takes. */
export function summaryOf(key: string): string {
  const bytes = encode(key);
  if (bytes.length <= LONGEST_SUMMARY) return key.toWellFormed();
  let end = LONGEST_SUMMARY;
  // Not in the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return decode(bytes.subarray(0, end));
}
