import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  log,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import { parseReaderReport } from '../../contracts/pipeline/parse.ts';
import type { ReaderInput, ReaderReport, ReadingActivities } from '../../contracts/pipeline/reading.ts';

/** A reader that the pipeline has sent out. */
export interface RunningReader {
  readonly shards: readonly string[];
  readonly recalled: boolean;
  /** Set when it has come home, or is known not to. */
  readonly report: ReaderReport | undefined;
  /** Asks it to come home; it does within a second or so. */
  recall(): void;
}

const NOTHING_TO_REPORT: ReaderReport = { shards: {} };
/** A failure that Temporal does not retry would otherwise be tried again at once, for ever. */
const WAIT_AFTER_FAILURE_MS = 10_000;

/** @param onHome is called when it has come home */
export function startReader(input: ReaderInput, onReport: () => void): RunningReader {
  const scope = new CancellationScope();
  const reader = {
    shards: input.shards.map((shard) => shard.shardId),
    recalled: false,
    report: undefined as ReaderReport | undefined,
    recall() {
      if (reader.recalled) return;
      reader.recalled = true;
      scope.cancel();
    },
  };
  void scope
    .run(() => read(input))
    .catch((error: unknown) => reportOfLostReader(error))
    .then((report) => {
      reader.report = report;
      onReport();
    });
  return reader;
}

async function read(input: ReaderInput): Promise<ReaderReport> {
  const { readShards } = proxyActivities<Pick<ReadingActivities, 'readShards'>>({
    // It ends its shift itself; this is for one that cannot.
    startToCloseTimeout: input.shiftMs * 1.5 + 60_000,
    heartbeatTimeout: input.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: summaryOf(input),
    // The failover: another process goes on from the last heartbeat.
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
  });
  return reportIn(await readShards(input));
}

/** Without a report the shards are read again from where the pipeline knows them to be (O4). */
function reportIn(value: unknown): ReaderReport {
  const report = parseReaderReport(value);
  if ('value' in report) return report.value;
  log.error('The report of a reader cannot be used; its shards are read again from their last checkpoints', {
    problem: report.problem,
  });
  return NOTHING_TO_REPORT;
}

/** Always resolves: a pipeline that could not take a reader home would be stuck for good. */
async function reportOfLostReader(error: unknown): Promise<ReaderReport> {
  if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) {
    // It died while it was called home; its last heartbeat tells how far it came.
    return error.cause.lastHeartbeatDetails === undefined
      ? NOTHING_TO_REPORT
      : reportIn(error.cause.lastHeartbeatDetails);
  }
  if (!isCancellation(error)) {
    log.error('A reader failed', { error });
    await CancellationScope.nonCancellable(() => sleep(WAIT_AFTER_FAILURE_MS));
  }
  return NOTHING_TO_REPORT;
}

function summaryOf({ shards }: ReaderInput): string {
  const [first] = shards;
  return shards.length === 1 && first !== undefined ? first.shardId : `${shards.length} shards`;
}
