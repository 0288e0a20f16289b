import type { Client } from '@temporalio/client';
import { readFailure, type Failure } from '../../contracts/failure.ts';
import { poolWorkflowId, QUERIES } from '../../contracts/names.ts';
import type { PoolView } from '../../contracts/pool.ts';
import { mapBounded } from './concurrency.ts';
import { askWorkflow, orMissing, orUnknown } from './query.ts';

/** The pools of a pipeline, together. */
export interface PoolsStatus {
  readonly count: number;
  /** Those that no worker answers for: the rest is without them. */
  readonly silent: number;
  /** Events of healthy keys that are not done. */
  readonly waiting: number;
  /** Keys that have a lane of their own. */
  readonly moved: number;
  readonly handled: number;
  /** Pools that take in nothing more, since so many of their keys have lanes of their own. */
  readonly fullOfMovedKeys: number;
  /** Pools in which most keys fail, since when the first of them has been, and its latest failure. */
  readonly outages: number;
  readonly outage?: { readonly since: number; readonly failure: Failure };
  /** What a person has to know of events that are gone. */
  readonly lost: readonly string[];
}

const AT_ONCE = 8;
const ANSWER_TIMEOUT_MS = 5000;

export async function poolsStatus(client: Client, pipeline: string, pools: number): Promise<PoolsStatus> {
  const numbers = Array.from({ length: pools }, (_, pool) => pool);
  const answers = await mapBounded(numbers, AT_ONCE, async (pool) => {
    const question = { workflowId: poolWorkflowId(pipeline, pool), query: QUERIES.pool, timeoutMs: ANSWER_TIMEOUT_MS };
    // A pool begins with the first event of its keys.
    return await orUnknown(orMissing(askWorkflow<PoolView>(client, question), 'not begun' as const));
  });
  const views = answers.filter((answer) => answer !== undefined && answer !== 'not begun');
  const outages = views.flatMap(({ outage }) => outage ?? []).toSorted((a, b) => a.since - b.since);
  const sum = (numberOf: (view: PoolView) => number): number => views.reduce((all, view) => all + numberOf(view), 0);
  const [first] = outages;
  return {
    count: pools,
    silent: answers.filter((answer) => answer === undefined).length,
    waiting: sum(({ waiting }) => waiting),
    moved: sum(({ moved }) => moved),
    handled: sum(({ handled }) => handled),
    fullOfMovedKeys: views.filter(({ fullOf }) => fullOf === 'moved keys').length,
    outages: outages.length,
    ...(first === undefined ? {} : { outage: { since: first.since, failure: readFailure(first.failure) } }),
    lost: views.flatMap(({ lost }) => lost ?? []),
  };
}
