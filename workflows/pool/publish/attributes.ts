import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import type { Outage, Release } from '../../../contracts/pool/state.ts';
import { fingerprint } from '../../lane/publish/appearance.ts';

/** The current search attributes of a pool; the pipeline is set when it starts and never changes. */
export function poolStatus(outage: Outage | undefined, release: Release | undefined): SearchAttributeUpdatePair[] {
  const failure = (outage ?? release)?.failure;
  const status = outage === undefined ? (release === undefined ? 'healthy' : 'releasing') : 'outage';
  return [
    { key: ATTRIBUTES.status, value: status },
    { key: ATTRIBUTES.error, value: failure === undefined ? null : fingerprint(failure) },
  ];
}
