import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { pipelineWorkflowId, QUERIES, quarantineWorkflowId } from '../../contracts/names.ts';
import { parsePipelineView } from '../../contracts/pipeline/parse.ts';
import { parseQuarantineView } from '../../contracts/quarantine/parse.ts';
import type { PipelineState } from '../../contracts/pipeline/state.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import type { KnownStream, OtherStream } from '../../contracts/pipeline/stream-identity.ts';
import { endedLanes } from '../lanes/ended-lanes.ts';
import { gapsOf, type Gaps } from './gaps.ts';
import { endOf, type Ended } from '../lanes/lane-view.ts';
import { poolsStatus, type PoolsStatus } from '../pools/pools.ts';
import { askWorkflow, orMissing, orUnknown } from '../../temporal/query.ts';
import { quarantineEnd, quarantineProblem } from '../quarantine/quarantine-view.ts';
import { readerReports, readErrors, type ReadError } from './readers.ts';
import { recordCounts, shardStatuses, type RecordCounts, type ShardStatus } from './shards.ts';
import { listing, openLanes } from '../../temporal/visibility.ts';
import { lossWarnings, type LossWarning } from './warnings.ts';

/** Open lanes by what they do. A lane that had nothing to do for a while has ended, and is not counted. */
export interface LaneCounts {
  /** Idle or running. */
  readonly healthy: number;
  readonly retrying: number;
  readonly blocked: number;
  readonly paused: number;
}

export interface PipelineStatus {
  readonly pipeline: string;
  /** `stopped`: another stream is in place of its own. `unknown`: it runs, and no worker is there to say more. */
  readonly state: 'reading' | 'paused' | 'stopped' | 'ended' | 'not started' | 'unknown';
  /** As in `kinesis:orders`. */
  readonly source?: string;
  readonly paused?: NonNullable<PipelineState['paused']>;
  readonly ended?: Ended;
  readonly readers: number;
  readonly shards: readonly ShardStatus[];
  readonly records: RecordCounts;
  readonly lanes: LaneCounts;
  /** Lanes that were terminated, failed or timed out with work in them, which nothing has taken over; 100 at most. */
  readonly endedLanes: number;
  /** Where its healthy keys are; absent when each key has a lane of its own, or no worker was there to say. */
  readonly pools?: PoolsStatus;
  /** Records without a usable key (O8); undefined when no worker was there to say. */
  readonly quarantined: number | undefined;
  /** What else a person has to know of the quarantine: it was terminated externally, or records of it are lost. */
  readonly quarantineProblem?: string;
  readonly readErrors: readonly ReadError[];
  /** How long the source keeps a record, where that is known. */
  readonly retentionMs?: number;
  /** The stream that its checkpoints belong to, once a listing has told. */
  readonly stream?: KnownStream;
  /** Another stream that was found in its place. */
  readonly otherStream?: OtherStream;
  /** Since when the stream is known not to keep the order of a key, which the settings do not accept. */
  readonly unordered?: NonNullable<PipelineState['unordered']>;
  /** Records that were lost before they were read (O10). */
  readonly gaps: Gaps;
  readonly warnings: readonly LossWarning[];
}

export interface StatusOptions {
  /** @default Date.now() */
  readonly now?: number;
  /** See {@link ReadingSettings}. @default 0: no warnings */
  readonly warnBeforeMs?: number;
}

const ANSWER_TIMEOUT_MS = 5000;
const MAX_ENDED = 100;

const NOTHING_READ = {
  state: 'not started',
  readers: 0,
  shards: [],
  records: { accepted: 0, filtered: 0 },
  readErrors: [],
  gaps: { count: 0, latest: [] },
  warnings: [],
} as const;

/** All that is known of a pipeline from outside, also while no worker runs. */
export async function pipelineStatus(
  client: Client,
  pipeline: string,
  { now = Date.now(), warnBeforeMs = 0 }: StatusOptions = {},
): Promise<PipelineStatus> {
  const [description, lanes, terminated, quarantine] = await Promise.all([
    describePipeline(client, pipeline),
    countLanes(client, pipeline),
    endedLanes(client, [pipeline], { limit: MAX_ENDED, answerTimeoutMs: ANSWER_TIMEOUT_MS }),
    lookAtQuarantine(client, pipeline),
  ]);
  const base = { pipeline, lanes, endedLanes: terminated.length, ...quarantine };
  if (description === undefined) return { ...base, ...NOTHING_READ };
  const ended = endOf(description);
  const [view, reports, failing] = await Promise.all([
    orUnknown(
      askWorkflow(client, {
        ...question(pipelineWorkflowId(pipeline), QUERIES.pipeline),
        parse: parsePipelineView,
      }),
    ),
    readerReports(client, description),
    readErrors(client, description),
  ]);
  const paused = view?.state.paused;
  const pools = view?.pools === undefined ? undefined : await poolsStatus(client, pipeline, view.pools);
  const retentionMs = view?.state.retentionMs;
  const shards = shardStatuses(view, reports, now);
  return {
    ...base,
    state: ended === undefined ? stateOf(view) : 'ended',
    ...(view === undefined ? {} : { source: view.source }),
    ...(paused === undefined ? {} : { paused }),
    ...(ended === undefined ? {} : { ended }),
    ...(pools === undefined ? {} : { pools }),
    readers: view?.readers.length ?? reports.length,
    shards,
    records: recordCounts(view?.state, shards),
    readErrors: failing,
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...streamStatus(view),
    gaps: gapsOf(view?.state, reports),
    warnings: lossWarnings(shards, warnBeforeMs),
  };
}

function stateOf(view: PipelineView | undefined): PipelineStatus['state'] {
  if (view === undefined) return 'unknown';
  const { otherStream, paused } = view.state;
  if (paused !== undefined) return 'paused';
  return otherStream === undefined ? 'reading' : 'stopped';
}

function streamStatus(view: PipelineView | undefined): Pick<PipelineStatus, 'stream' | 'otherStream' | 'unordered'> {
  const { otherStream, stream, unordered } = view?.state ?? {};
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(otherStream === undefined ? {} : { otherStream }),
    ...(unordered === undefined ? {} : { unordered }),
  };
}

async function describePipeline(client: Client, pipeline: string): Promise<WorkflowExecutionDescription | undefined> {
  return orMissing(client.workflow.getHandle(pipelineWorkflowId(pipeline)).describe(), undefined);
}

type QuarantineStatus = Pick<PipelineStatus, 'quarantined' | 'quarantineProblem'>;

async function lookAtQuarantine(client: Client, pipeline: string): Promise<QuarantineStatus> {
  const asked = askWorkflow(client, {
    ...question(quarantineWorkflowId(pipeline), QUERIES.quarantine),
    parse: parseQuarantineView,
  });
  const missing: Pick<QuarantineView, 'count' | 'recovering' | 'lost'> = { count: 0 };
  const [view, ended] = await Promise.all([orUnknown(orMissing(asked, missing)), quarantineEnd(client, pipeline)]);
  const problem = quarantineProblem(view ?? {}, ended);
  return { quarantined: view?.count, ...(problem === undefined ? {} : { quarantineProblem: problem }) };
}

/** Servers group counts by ExecutionStatus only; and a lane gets its status attribute with its first trouble. */
async function countLanes(client: Client, pipeline: string): Promise<LaneCounts> {
  const count = async (status?: string): Promise<number> => {
    const filter = openLanes({ pipeline, ...(status === undefined ? {} : { status }) });
    return (await client.workflow.count(filter)).count;
  };
  return listing(client, async () => {
    const [all, retrying, blocked, paused] = await Promise.all([
      count(),
      count('retrying'),
      count('blocked'),
      count('paused'),
    ]);
    // The counts are not of one moment.
    return { healthy: Math.max(0, all - retrying - blocked - paused), retrying, blocked, paused };
  });
}

function question(workflowId: string, query: string) {
  return { workflowId, query, timeoutMs: ANSWER_TIMEOUT_MS };
}
