import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { TimeoutFailure } from '@temporalio/common';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto, { type temporal } from '@temporalio/proto';
import type { ReaderReport } from '../../contracts/pipeline/reading.ts';
import { parseReaderReport } from '../../contracts/pipeline/parse.ts';

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

const { PENDING_ACTIVITY_STATE_STARTED: STARTED } = proto.temporal.api.enums.v1.PendingActivityState;
/** A reader that cannot read any of its shards fails sooner than this. */
const RECOVERED_AFTER_MS = 10_000;

/** An activity of a pipeline that is failing now: its readers or its listing of shards. */
export interface ReadError {
  /** `readShards` or `listShards`. */
  readonly activity: string;
  /** The attempt that is under way or comes next. */
  readonly attempt: number;
  readonly message: string;
}

/** The heartbeats of the readers that are out: fresher than what the pipeline knows. */
export async function readerReports(client: Client, pipeline: WorkflowExecutionDescription): Promise<ReaderReport[]> {
  const reports = await Promise.all(
    pendingActivities(pipeline).map(async (activity) => await reportIn(client, activity)),
  );
  return reports.filter((report) => report !== undefined);
}

async function reportIn(client: Client, activity: PendingActivity): Promise<ReaderReport | undefined> {
  if (activity.activityType?.name !== 'readShards') return undefined;
  const payloads = activity.heartbeatDetails?.payloads;
  const [report] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads ?? []);
  const parsed = parseReaderReport(report);
  return 'value' in parsed ? parsed.value : undefined;
}

export async function readErrors(client: Client, pipeline: WorkflowExecutionDescription): Promise<ReadError[]> {
  const found = await Promise.all(
    pendingActivities(pipeline).map(async (activity): Promise<ReadError | undefined> => {
      const converter = client.options.loadedDataConverter;
      const error = await decodeOptionalFailureToOptionalError(converter, activity.lastFailure);
      if (error === undefined || hasRecovered(activity, error, await reportIn(client, activity))) return undefined;
      return {
        activity: activity.activityType?.name ?? 'unknown',
        attempt: activity.attempt ?? 1,
        message: error.message,
      };
    }),
  );
  return found.filter((readError) => readError !== undefined);
}

/** Temporal keeps the last failure until the activity ends, however well the present attempt is doing. */
function hasRecovered(activity: PendingActivity, error: Error, report: ReaderReport | undefined): boolean {
  const startedAt = optionalTsToMs(activity.lastStartedTime);
  const heardAt = optionalTsToMs(activity.lastHeartbeatTime);
  if (activity.state !== STARTED || startedAt === undefined || heardAt === undefined || heardAt <= startedAt)
    return false;
  // Its process was lost, and another one is at work.
  if (error instanceof TimeoutFailure) return true;
  if (report === undefined) return false;
  // The counts and the lag are those of the present attempt, and it has them when a page was read.
  const hasRead = Object.values(report.shards).some(({ lagMs, read }) => lagMs !== undefined || read > 0);
  return hasRead || heardAt - startedAt >= RECOVERED_AFTER_MS;
}

function pendingActivities(pipeline: WorkflowExecutionDescription): readonly PendingActivity[] {
  return pipeline.raw.pendingActivities ?? [];
}
