/** Lets every key of a case go, by verbs where it is stuck, until nothing is left to do. */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { QUERIES } from '../../../contracts/names.ts';
import { ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import { poolOf } from '../../../contracts/pool/pool-of.ts';
import type { PoolKeyView } from '../../../contracts/pool/view.ts';
import { eventually } from '../eventually.ts';
import type { RunningCase } from './run-case.ts';

const STUCK_MS = 45_000;
const LOOK_EVERY_MS = 200;
/** A question that went to a worker that stops gets no answer. */
const ANSWER_MS = 2000;

export async function release(one: RunningCase): Promise<void> {
  await Promise.all(one.keys.map((key) => releaseKey(one, key)));
}

/** Until its lane has ended, which it does when it has nothing more, and the key is in its pool if it has one. */
async function releaseKey(one: RunningCase, key: string): Promise<void> {
  let last = '';
  const isOut = async (): Promise<boolean> => {
    const lane = await stateOfLane(one, key);
    const pool = await inPool(one, key);
    last = `its lane is ${lane}, its pool says ${JSON.stringify(pool)}`;
    if (lane === 'paused') await one.verbs.ask(key, 'resume', 'update');
    if (lane === 'blocked') await one.verbs.ask(key, 'retry', 'update');
    const isBack = pool === undefined || (pool.where === 'pool' && pool.waiting === 0);
    if (isBack && (lane === 'ended' || (lane === 'none' && pool !== undefined))) return true;
    for (const shard of one.shards) shard.moveCheckpoint();
    await delay(LOOK_EVERY_MS);
    return false;
  };
  // For as long as it moves.
  for (let isReleased = false; !isReleased;) {
    const before = one.calls.countOf(key);
    try {
      isReleased = await eventually(isOut, STUCK_MS);
    } catch (error) {
      if (one.calls.countOf(key) > before) continue;
      return one.course.fail(`O5: ${key} does not come out: ${last}: ${String(error)}`);
    }
  }
}

async function stateOfLane(one: RunningCase, key: string): Promise<string> {
  try {
    const { status, typedSearchAttributes } = await one.lane(key).describe();
    if (status.name === 'COMPLETED') return 'ended';
    return status.name === 'RUNNING' ? (typedSearchAttributes.get(ATTRIBUTES.status) ?? 'healthy') : status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'none';
    throw error;
  }
}

async function inPool(one: RunningCase, key: string): Promise<PoolKeyView | undefined> {
  const { client, pools, poolIds } = one;
  if (pools === undefined) return undefined;
  const pool = client.workflow.getHandle(poolIds[poolOf(key, pools)]!);
  return await client.withDeadline(Date.now() + ANSWER_MS, () => pool.query<PoolKeyView, [string]>(QUERIES.key, key));
}
