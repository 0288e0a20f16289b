import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { fingerprint, statusOf, waitingIn } from './appearance.ts';
import { headFailure } from '../core/machine.ts';

/** The search attributes of a lane as it is now; pipeline and key are set at its start and stay. */
export function attributesOf(lane: LaneState): SearchAttributeUpdatePair[] {
  const failing = headFailure(lane.phase);
  const isBlocked = lane.phase.state === 'blocked' && failing !== undefined;
  return [
    { key: ATTRIBUTES.status, value: statusOf(lane.phase) },
    { key: ATTRIBUTES.blockedSince, value: isBlocked ? new Date(failing.since) : null },
    { key: ATTRIBUTES.error, value: failing === undefined ? null : fingerprint(failing.failure) },
    { key: ATTRIBUTES.backlog, value: failing === undefined ? null : waitingIn(lane) },
  ];
}
