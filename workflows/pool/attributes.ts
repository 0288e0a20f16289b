import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../contracts/names.ts';
import type { Outage } from '../../contracts/pool.ts';
import { fingerprint } from '../lane/appearance.ts';

const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);
const ERROR = defineSearchAttributeKey(SEARCH_ATTRIBUTES.error, SearchAttributeType.KEYWORD);

/** The search attributes of a pool as it is now; the pipeline is set at its start and stays. */
export function poolStatus(outage: Outage | undefined): SearchAttributeUpdatePair[] {
  return [
    { key: STATUS, value: outage === undefined ? 'healthy' : 'outage' },
    { key: ERROR, value: outage === undefined ? null : fingerprint(outage.failure) },
  ];
}
