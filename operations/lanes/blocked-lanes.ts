import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { readFailure, type Failure } from '../../contracts/event/failure.ts';
import { parseLaneView } from '../../contracts/lane/view-shapes.ts';
import { parseLaneMemo } from '../../contracts/lane/parse.ts';
import type { LaneMemo } from '../../contracts/lane/view.ts';
import { QUERIES, SEARCH_ATTRIBUTES } from '../../contracts/names.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { endedLanes, type EndedLane } from './ended-lanes.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import type { Ended } from './lane-view.ts';
import { askWorkflow } from '../../temporal/query.ts';
import { listing, openLanes } from '../../temporal/visibility.ts';

export interface BlockedLane {
  readonly pipeline: string;
  readonly key: string;
  readonly workflowId: string;
  /** Since when its head has been failing, ms since 1970. */
  readonly since?: number;
  readonly attempts?: number;
  readonly position?: string;
  readonly failure?: Failure;
  /** What failures of the same cause have in common (`KeylaneError`). */
  readonly cause?: string;
  /** Events behind the head. */
  readonly waiting: number;
  /** Set when it was terminated, failed or timed out: a verb begins it again, with all that it held. */
  readonly ended?: Ended;
  /** False when no worker answered: `waiting` is from the moment at which it was blocked, and has grown since. */
  readonly exact: boolean;
}

export interface BlockedLanes {
  /** The longest blocked first. */
  readonly lanes: readonly BlockedLane[];
  /** All that are blocked, also those beyond the limit. */
  readonly total: number;
}

export interface BlockedLanesOptions {
  readonly pipeline?: string;
  /** Of these, also lanes that were terminated, failed or timed out with work in them. */
  readonly endedOf?: readonly string[];
  /** Lanes given back at the most. @default all */
  readonly limit?: number;
  /** How long to wait for a worker to tell how many events wait. */
  readonly answerTimeoutMs?: number;
}

const QUERIES_AT_ONCE = 8;
const ANSWER_TIMEOUT_MS = 3000;

/** The keys that need a person. The list comes from visibility, which follows what happens within a second or two. */
export async function blockedLanes(client: Client, options: BlockedLanesOptions = {}): Promise<BlockedLanes> {
  const { pipeline, endedOf = [], limit = Number.POSITIVE_INFINITY, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const query = openLanes({ status: 'blocked', ...(pipeline === undefined ? {} : { pipeline }) });
  const found = await listing(client, async () => {
    const lanes: BlockedLane[] = [];
    for await (const info of client.workflow.list({ query })) lanes.push(listed(info));
    return lanes;
  });
  const ended = (await endedLanes(client, endedOf, { limit, answerTimeoutMs })).map(listedEnd);
  // Nothing of a lane that has ended goes on by itself, so these come first.
  const shown = [...ended.toSorted(oldestFirst), ...found.toSorted(oldestFirst)].slice(0, limit);
  return { lanes: await withExactNumbers(client, shown, answerTimeoutMs), total: ended.length + found.length };
}

function oldestFirst(a: BlockedLane, b: BlockedLane): number {
  return (a.since ?? 0) - (b.since ?? 0);
}

function listedEnd({ ended, info, view }: EndedLane): BlockedLane {
  const head = view?.head;
  return {
    ...listed(info),
    ...(view === undefined ? {} : { key: view.key, waiting: view.waiting, exact: true }),
    ...(head === undefined ? {} : { position: formatPosition(head.position) }),
    ended,
  };
}

function listed(info: WorkflowExecutionInfo): BlockedLane {
  const memo: Partial<LaneMemo> = parseLaneMemo(info.memo) ?? {};
  const attributes = info.searchAttributes as Record<string, readonly unknown[] | undefined>;
  const first = (name: string): unknown => attributes[name]?.[0];
  const colon = info.workflowId.indexOf(':');
  const cause = first(SEARCH_ATTRIBUTES.error);
  return {
    pipeline: info.workflowId.slice(0, colon),
    key: memo.key ?? info.workflowId.slice(colon + 1),
    workflowId: info.workflowId,
    ...(memo.since === undefined ? {} : { since: new Date(memo.since).getTime() }),
    ...(memo.attempts === undefined ? {} : { attempts: memo.attempts }),
    ...(memo.position === undefined ? {} : { position: memo.position }),
    ...(memo.failure === undefined ? {} : { failure: readFailure(memo.failure) }),
    ...(typeof cause === 'string' ? { cause } : {}),
    waiting: Number(first(SEARCH_ATTRIBUTES.backlog) ?? 0),
    exact: false,
  };
}

async function withExactNumbers(
  client: Client,
  lanes: readonly BlockedLane[],
  timeoutMs: number,
): Promise<readonly BlockedLane[]> {
  // Where no worker answers for one, none answers for the rest either: do not wait for each.
  const silent = new Set<string>();
  return mapBounded(lanes, QUERIES_AT_ONCE, async (lane) => {
    if (lane.ended !== undefined || silent.has(lane.pipeline)) return lane;
    try {
      const { workflowId } = lane;
      const view = await askWorkflow(client, { workflowId, query: QUERIES.lane, parse: parseLaneView, timeoutMs });
      return { ...lane, waiting: view.waiting, exact: true };
    } catch (error) {
      if (error instanceof NoWorkerError) silent.add(lane.pipeline);
      // A lane that is gone or cannot be asked is still worth its line: the list said that it is blocked.
      return lane;
    }
  });
}
