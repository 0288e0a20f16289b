import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import type { ReaderReport } from '../../contracts/pipeline.ts';

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** An activity of a pipeline that is failing now: its readers or its listing of shards. */
export interface Trouble {
  /** `readShards` or `listShards`. */
  readonly activity: string;
  /** The attempt that is under way or comes next. */
  readonly attempt: number;
  readonly message: string;
}

/** The heartbeats of the readers that are out: fresher than what the pipeline knows. */
export async function readerReports(client: Client, pipeline: WorkflowExecutionDescription): Promise<ReaderReport[]> {
  const reports = await Promise.all(
    pendingActivities(pipeline).map(async (activity) => {
      if (activity.activityType?.name !== 'readShards') return undefined;
      const payloads = activity.heartbeatDetails?.payloads;
      const [report] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads ?? []);
      return report as ReaderReport | undefined;
    }),
  );
  return reports.filter((report) => report !== undefined);
}

export async function troubles(client: Client, pipeline: WorkflowExecutionDescription): Promise<Trouble[]> {
  const found = await Promise.all(
    pendingActivities(pipeline).map(async (activity): Promise<Trouble | undefined> => {
      const converter = client.options.loadedDataConverter;
      const error = await decodeOptionalFailureToOptionalError(converter, activity.lastFailure);
      if (error === undefined) return undefined;
      return {
        activity: activity.activityType?.name ?? 'unknown',
        attempt: activity.attempt ?? 1,
        message: error.message,
      };
    }),
  );
  return found.filter((trouble) => trouble !== undefined);
}

function pendingActivities(pipeline: WorkflowExecutionDescription): readonly PendingActivity[] {
  return pipeline.raw.pendingActivities ?? [];
}
