/** The search attributes of lanes, pools and the quarantine, with their types. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from './names.ts';

export const ATTRIBUTES = {
  pipeline: defineSearchAttributeKey(SEARCH_ATTRIBUTES.pipeline, SearchAttributeType.KEYWORD),
  key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.key, SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD),
  blockedSince: defineSearchAttributeKey(SEARCH_ATTRIBUTES.blockedSince, SearchAttributeType.DATETIME),
  error: defineSearchAttributeKey(SEARCH_ATTRIBUTES.error, SearchAttributeType.KEYWORD),
  backlog: defineSearchAttributeKey(SEARCH_ATTRIBUTES.backlog, SearchAttributeType.INT),
} as const;
