import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { fingerprint, statusOf, waitingIn } from './appearance.ts';
import { headFailure } from '../core/machine.ts';

/** The current search attributes of a lane; pipeline and key are set when it starts and never change. */
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
