/**
 * What a run held that was terminated externally (O5). Temporal answers queries of a closed run: the answer is the state as of
 * its last workflow task.
 */
import type { Client } from '@temporalio/client';
import { QUERIES } from '../../contracts/names.ts';
import type { SnapshotAnswer, SnapshotPage } from '../../contracts/recovery/messages.ts';
import type { EndedRun, RunName } from '../../contracts/run.ts';
import { decodeFirst, scanHistory } from './run-history.ts';

/** What every workflow that can be recovered has in its argument. */
interface RecoverableInput {
  readonly carried?: unknown;
  readonly predecessor?: EndedRun;
}

export async function readSnapshot(client: Client, run: RunName): Promise<SnapshotAnswer> {
  const { unseen, input } = await scanHistory(client, run);
  if (unseen.after > 0) return { kind: 'snapshot', snapshot: await query(client, run, QUERIES.runSnapshot), unseen };
  // A run without a workflow task cannot be queried, and has done nothing but start.
  const argument = await decodeFirst(client, input);
  if (typeof argument !== 'object' || argument === null)
    throw new Error(`Run ${run.runId} of ${run.workflowId} has no argument: its first event cannot be read`);
  const { carried, predecessor }: RecoverableInput = argument;
  return { kind: 'input', carried: carried ?? null, predecessor: predecessor ?? null, unseen };
}

export async function readSnapshotPage(client: Client, run: RunName, from: number): Promise<SnapshotPage> {
  const items = await query(client, run, QUERIES.snapshotPage, from);
  if (!Array.isArray(items)) throw new Error(`Run ${run.runId} of ${run.workflowId} answered no list of items`);
  return { kind: 'page', items };
}

async function query(client: Client, { workflowId, runId }: RunName, name: string, ...args: unknown[]) {
  return await client.workflow.getHandle(workflowId, runId).query<unknown, unknown[]>(name, ...args);
}
