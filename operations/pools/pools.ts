import type { Client } from '@temporalio/client';
import { readFailure, type Failure } from '../../contracts/event/failure.ts';
import { parsePoolView } from '../../contracts/pool/view-shapes.ts';
import { poolWorkflowId, QUERIES } from '../../contracts/names.ts';
import type { FailingKeys, PoolView } from '../../contracts/pool/view.ts';
import type { Outage } from '../../contracts/pool/state.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { askWorkflow, orMissing, orUnknown } from '../../temporal/query.ts';

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
  /**
   * Pools that hold their keys since most of them fail; and of the first of them since when, until when at most, and
   * why.
   */
  readonly outages: number;
  readonly outage?: { readonly since: number; readonly until?: number; readonly failure: Failure };
  /** Pools that hold them no longer; and of the first of them since when its keys have failed, and why. */
  readonly releasing: number;
  readonly release?: { readonly since: number; readonly failure: Failure };
  /** Keys that fail and have no lane of their own yet. Absent when there are none. */
  readonly failing?: FailingKeys;
  /** What a person has to know of events that are gone. */
  readonly lost: readonly string[];
}

const AT_ONCE = 8;
const ANSWER_TIMEOUT_MS = 5000;
const SAMPLE_KEYS = 5;

export async function poolsStatus(client: Client, pipeline: string, pools: number): Promise<PoolsStatus> {
  const numbers = Array.from({ length: pools }, (_, pool) => pool);
  const answers = await mapBounded(numbers, AT_ONCE, async (pool) => {
    const workflowId = poolWorkflowId(pipeline, pool);
    const question = { workflowId, query: QUERIES.pool, parse: parsePoolView, timeoutMs: ANSWER_TIMEOUT_MS };
    // A pool begins with the first event of its keys.
    return await orUnknown(orMissing(askWorkflow(client, question), 'not begun' as const));
  });
  const views = answers.filter((answer) => answer !== undefined && answer !== 'not begun');
  const outages = views.flatMap(({ outage }) => outage ?? []).toSorted((a, b) => a.since - b.since);
  const sum = (numberOf: (view: PoolView) => number): number => views.reduce((all, view) => all + numberOf(view), 0);
  const releases = views.flatMap(({ release }) => release ?? []).toSorted((a, b) => a.since - b.since);
  const [first] = outages;
  const [released] = releases;
  const failing = together(views.flatMap((view) => view.failing ?? []));
  return {
    count: pools,
    silent: answers.filter((answer) => answer === undefined).length,
    waiting: sum(({ waiting }) => waiting),
    moved: sum(({ moved }) => moved),
    handled: sum(({ handled }) => handled),
    fullOfMovedKeys: views.filter(({ fullOf }) => fullOf === 'moved keys').length,
    outages: outages.length,
    ...(first === undefined ? {} : { outage: outageOf(first) }),
    releasing: releases.length,
    ...(released === undefined ? {} : { release: { since: released.since, failure: readFailure(released.failure) } }),
    ...(failing === undefined ? {} : { failing }),
    lost: views.flatMap(({ lost }) => lost ?? []),
  };
}

function outageOf({ failure, holdUntil, since }: Outage): NonNullable<PoolsStatus['outage']> {
  return { since, until: holdUntil, failure: readFailure(failure) };
}

function together(all: readonly FailingKeys[]): FailingKeys | undefined {
  if (all.length === 0) return undefined;
  const sum = (numberOf: (one: FailingKeys) => number): number =>
    all.reduce((before, one) => before + numberOf(one), 0);
  return {
    keys: sum(({ keys }) => keys),
    events: sum(({ events }) => events),
    leaving: sum(({ leaving }) => leaving),
    sample: all.flatMap(({ sample }) => sample).slice(0, SAMPLE_KEYS),
  };
}
