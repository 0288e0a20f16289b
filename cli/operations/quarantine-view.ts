import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { readSegmentUnlessGone } from '../../activities/quarantine/segment-records.ts';
import { QUERIES, quarantineWorkflowId, segmentWorkflowId } from '../../contracts/names.ts';
import { formatPosition } from '../../contracts/position.ts';
import type { QuarantinedRecord, QuarantineView } from '../../contracts/quarantine.ts';
import { firstSegments } from '../../workflows/segment-ranges.ts';
import { NoSuchRecordError } from './errors.ts';
import { askWorkflow } from './query.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const EMPTY: QuarantineView = { count: 0, segments: [], records: [], pending: [], decisions: [] };

/**
 * The quarantine of a pipeline as it is now; empty when nothing has ever been put there.
 * @throws {NoWorkerError}
 */
export async function quarantineView(client: Client, pipeline: string): Promise<QuarantineView> {
  const workflowId = quarantineWorkflowId(pipeline);
  try {
    const asked = { workflowId, query: QUERIES.quarantine, timeoutMs: ANSWER_TIMEOUT_MS };
    // One that an earlier version runs says less.
    return { ...EMPTY, ...(await askWorkflow<Partial<QuarantineView>>(client, asked)) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return EMPTY;
    throw error;
  }
}

export interface QuarantinePage {
  readonly pipeline: string;
  readonly view: QuarantineView;
  readonly records: readonly QuarantinedRecord[];
  /** Whether there are more behind these. */
  readonly more: boolean;
  /** Segments that nobody has any more. */
  readonly gone: readonly string[];
}

export interface PageOptions {
  readonly limit: number;
  /** Begin behind this record. */
  readonly after?: string;
}

/**
 * Some records of a quarantine, the earliest first.
 * @throws {NoSuchRecordError} if the one to begin after is not there
 */
export async function quarantinePage(client: Client, pipeline: string, options: PageOptions): Promise<QuarantinePage> {
  const { limit, after } = options;
  const view = await quarantineView(client, pipeline);
  const gone: string[] = [];
  const records: QuarantinedRecord[] = [];
  let begins = after === undefined;
  for await (const record of recordsOf(client, pipeline, view, gone)) {
    if (!begins) begins = formatPosition(record.position) === after;
    else if (records.length === limit) return { pipeline, view, records, more: true, gone };
    else records.push(record);
  }
  if (!begins) throw new NoSuchRecordError(pipeline, after ?? '');
  return { pipeline, view, records, more: false, gone };
}

/** Segment by segment: there may be more than fit into memory. */
async function* recordsOf(
  client: Client,
  pipeline: string,
  { records, segments }: QuarantineView,
  gone: string[],
): AsyncGenerator<QuarantinedRecord> {
  for (const name of firstSegments(segments, Infinity)) {
    const workflowId = segmentWorkflowId(pipeline, name);
    const held = await readSegmentUnlessGone(client, workflowId);
    if (held === undefined) gone.push(workflowId);
    else yield* held.records.filter((_record, index) => !held.decided.has(index));
  }
  yield* records;
}
