/** How a run answers the queries with which a later run recovers what it holds. */
import { countWeighed } from '../../../contracts/event/weight.ts';
import { MAX_SNAPSHOT_PAGE, type EndedRun, type RunSnapshot } from '../../../contracts/run.ts';
import { jsonBytes } from '../../../lib/pure/json-bytes.ts';

/** Answer of the query `runSnapshot`. */
export function runSnapshot<State>(
  predecessor: EndedRun | undefined,
  held: () => { readonly state: State; readonly items: number },
): RunSnapshot<State> {
  return predecessor === undefined ? { kind: 'state', ...held() } : { kind: 'recovering', predecessor };
}

/**
 * Answer of the query `snapshotPage`: as many items as Temporal takes in one answer.
 * @param from argument of the query: index of the first item
 */
export function snapshotPage<Item extends object>(items: readonly Item[], from: unknown): readonly Item[] {
  const rest = items.slice(typeof from === 'number' ? from : 0);
  return rest.slice(0, countWeighed(rest, MAX_SNAPSHOT_PAGE, jsonBytes));
}
