import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../../contracts/names.ts';
import type { Outage, Release } from '../../../contracts/pool/state.ts';
import { fingerprint } from '../../lane/publish/appearance.ts';

const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);
const ERROR = defineSearchAttributeKey(SEARCH_ATTRIBUTES.error, SearchAttributeType.KEYWORD);

/** The search attributes of a pool as it is now; the pipeline is set at its start and stays. */
export function poolStatus(outage: Outage | undefined, release: Release | undefined): SearchAttributeUpdatePair[] {
  const failure = (outage ?? release)?.failure;
  const status = outage === undefined ? (release === undefined ? 'healthy' : 'releasing') : 'outage';
  return [
    { key: STATUS, value: status },
    { key: ERROR, value: failure === undefined ? null : fingerprint(failure) },
  ];
}
