import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { readSegmentUnlessGone } from '../../temporal/segment-records.ts';
import type { SegmentName } from '../../contracts/lane/backlog.ts';
import { parseQuarantineView } from '../../contracts/quarantine/parse.ts';
import { QUERIES, quarantineWorkflowId, segmentWorkflowId } from '../../contracts/names.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import { firstSegments } from '../../contracts/lane/segment-ranges.ts';
import { NoSuchRecordError, QuarantineBusyError } from '../errors.ts';
import { endOf, type Ended } from '../lanes/lane-view.ts';
import { askWorkflow } from '../../temporal/query.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const EMPTY: QuarantineView = { count: 0, segments: [], records: [], pending: [], decisions: [] };

/**
 * The quarantine of a pipeline as it is now; empty when nothing has ever been put there.
 * @throws {NoWorkerError}
 */
export async function quarantineView(client: Client, pipeline: string): Promise<QuarantineView> {
  const workflowId = quarantineWorkflowId(pipeline);
  try {
    const parse = parseQuarantineView;
    return await askWorkflow(client, { workflowId, query: QUERIES.quarantine, parse, timeoutMs: ANSWER_TIMEOUT_MS });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return EMPTY;
    throw error;
  }
}

/** How the quarantine was closed, if it was and has not been restored since. */
export async function quarantineEnd(client: Client, pipeline: string): Promise<Ended | undefined> {
  try {
    return endOf(await client.workflow.getHandle(quarantineWorkflowId(pipeline)).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** What the operator has to know of the quarantine besides its records; undefined when all is well. */
export function quarantineProblem(
  { recovering, lost }: Pick<QuarantineView, 'recovering' | 'lost'>,
  ended: Ended | undefined,
): string | undefined {
  if (ended !== undefined) {
    return (
      `It was terminated externally (${ended.how}). A running bridge restores it with all that it held within about a minute: ` +
      'is `keylane bridge` (or start, dev) running?'
    );
  }
  if (recovering !== undefined) return `It is recovering what it held when it was terminated (${recovering.how}).`;
  return lost;
}

export interface QuarantinePage {
  readonly pipeline: string;
  readonly view: QuarantineView;
  /** See {@link quarantineProblem}. */
  readonly problem?: string;
  readonly records: readonly QuarantinedRecord[];
  /** Whether there are more records behind these. */
  readonly more: boolean;
  /** Segments that Temporal no longer has. */
  readonly gone: readonly string[];
}

export interface PageOptions {
  readonly limit: number;
  /** Start after this record. */
  readonly after?: string;
}

/**
 * Some records of a quarantine, the earliest first.
 * @throws {NoSuchRecordError} if there is no record to start after
 */
export async function quarantinePage(client: Client, pipeline: string, options: PageOptions): Promise<QuarantinePage> {
  const { limit, after } = options;
  const [view, ended] = await Promise.all([quarantineView(client, pipeline), quarantineEnd(client, pipeline)]);
  const problem = quarantineProblem(view, ended);
  const gone: string[] = [];
  const records: QuarantinedRecord[] = [];
  const page = { pipeline, view, records, gone, ...(problem === undefined ? {} : { problem }) };
  const atOnce = after === undefined && limit < Infinity ? 1 : SEGMENTS_AT_ONCE;
  let begins = after === undefined;
  for await (const record of recordsOf(client, pipeline, view, { gone, atOnce })) {
    if (!begins) begins = formatPosition(record.position) === after;
    else if (records.length === limit) return { ...page, more: true };
    else records.push(record);
  }
  if (!begins && view.more === true) {
    throw new QuarantineBusyError(pipeline);
  }
  if (!begins) throw new NoSuchRecordError(pipeline, after ?? '');
  return { ...page, more: view.more === true };
}

/** A lookup by position scans from the start. */
const SEGMENTS_AT_ONCE = 8;

/** Reads some segments at a time: there may be more than fit into memory. */
async function* recordsOf(
  client: Client,
  pipeline: string,
  { records, segments }: QuarantineView,
  { gone, atOnce }: { readonly gone: string[]; readonly atOnce: number },
): AsyncGenerator<QuarantinedRecord> {
  const names = firstSegments(segments, Infinity);
  const read = async (name: SegmentName) => {
    const workflowId = segmentWorkflowId(pipeline, name);
    const held = await readSegmentUnlessGone(client, workflowId);
    if (held === undefined) gone.push(workflowId);
    return held?.records.filter((_record, index) => !held.decided.has(index)) ?? [];
  };
  for (let at = 0; at < names.length; at += atOnce) {
    for (const some of await Promise.all(names.slice(at, at + atOnce).map(read))) yield* some;
  }
  yield* records;
}
