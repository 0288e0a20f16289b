import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../../contracts/names.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { fingerprint, statusOf, waitingIn } from './appearance.ts';
import { headFailure } from '../core/machine.ts';

const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);
const BLOCKED_SINCE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.blockedSince, SearchAttributeType.DATETIME);
const ERROR = defineSearchAttributeKey(SEARCH_ATTRIBUTES.error, SearchAttributeType.KEYWORD);
const BACKLOG = defineSearchAttributeKey(SEARCH_ATTRIBUTES.backlog, SearchAttributeType.INT);

/** The search attributes of a lane as it is now; pipeline and key are set at its start and stay. */
export function attributesOf(lane: LaneState): SearchAttributeUpdatePair[] {
  const failing = headFailure(lane.phase);
  const isBlocked = lane.phase.state === 'blocked' && failing !== undefined;
  return [
    { key: STATUS, value: statusOf(lane.phase) },
    { key: BLOCKED_SINCE, value: isBlocked ? new Date(failing.since) : null },
    { key: ERROR, value: failing === undefined ? null : fingerprint(failing.failure) },
    { key: BACKLOG, value: failing === undefined ? null : waitingIn(lane) },
  ];
}
