/**
 * Starts the pipeline workflows of the settings, or joins those that run.
 *
 * A pipeline must never begin again from its start position unasked: that would read everything once more, after the
 * lanes may have forgotten what they have had (O6), or pass over everything there is (O4, a start at LATEST).
 */
import { WorkflowIdConflictPolicy, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { argumentOf } from '../temporal/run-argument.ts';
import { pipelineWorkflowId, PIPELINE_NAME, QUERIES, readingTaskQueue, WORKFLOW_TYPES } from '../contracts/names.ts';
import { PIPELINE_UPDATES } from '../contracts/pipeline/messages.ts';
import type { PipelineConfiguration, PipelineInput } from '../contracts/pipeline/messages.ts';
import { parsePipelineInput, parsePipelineView } from '../contracts/pipeline/parse.ts';
import type { PipelineState } from '../contracts/pipeline/state.ts';
import type { StartPoint } from '../contracts/pipeline/options.ts';
import { VERSION } from '../contracts/version.ts';
import { poolsOf, type PipelineSettings } from '../settings/settings.ts';
import { seen, STREAM_MEMO, type StreamIdentity } from '../contracts/pipeline/stream-identity.ts';
import type { Source } from '../sources/source.ts';
import { presentMoment } from './present-moment.ts';
import { untilAnswered } from '../temporal/until-answered.ts';

export interface StartOptions {
  readonly client: Client;
  readonly taskQueue: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Ends a pipeline that runs, and forgets its checkpoints. */
  readonly startOver: boolean;
  /** Where a pipeline without checkpoints begins, instead of what the settings say. ms since 1970 */
  readonly from?: number | undefined;
  /** As it was seen before this process took any work; absent where it could not be seen. */
  readonly stream?: StreamIdentity | undefined;
}

/** Thrown when a pipeline has been here before and its checkpoints cannot be found any more. A person must decide. */
export class CheckpointsLostError extends Error {
  override readonly name = 'CheckpointsLostError';
  readonly pipeline: string;

  constructor(pipeline: string) {
    super(
      `Pipeline "${pipeline}" has lanes, but its own workflow is gone with its checkpoints. To begin again where the ` +
        'settings say: --start-over. To begin at a point in time: --from 2026-01-31T12:00:00Z. Records that open lanes ' +
        'have had already are dropped by them; others may be handled once more.',
    );
    this.pipeline = pipeline;
  }
}

/** Thrown when a pipeline has been reading another stream than the one that the settings name now. */
export class OtherSourceError extends Error {
  override readonly name = 'OtherSourceError';
  readonly pipeline: string;

  constructor(pipeline: string, message: string) {
    super(message);
    this.pipeline = pipeline;
  }
}

function otherSource(pipeline: string, before: string, now: string): OtherSourceError {
  return new OtherSourceError(
    pipeline,
    `Pipeline "${pipeline}" has been reading ${before}, but the settings name ${now}. Its checkpoints mean nothing ` +
      'there. Give the pipeline another name, or begin again: --start-over.',
  );
}

/** Thrown when a pipeline has begun with another hosting: a key would have two lanes (O1). */
export class OtherHostingError extends Error {
  override readonly name = 'OtherHostingError';
  readonly pipeline: string;

  constructor(pipeline: string, before: number | undefined, now: number | undefined) {
    super(
      `Pipeline "${pipeline}" has begun with ${nameOf(before)}, but the settings say ${nameOf(now)}. Its keys cannot move ` +
        `from one to the other while it holds events of them. Put ${nameOf(before)} back, or give the pipeline another name.`,
    );
    this.pipeline = pipeline;
  }
}

function nameOf(pools: number | undefined): string {
  return pools === undefined ? "hosting 'own'" : `hosting 'pooled' and ${pools} pools`;
}

/** What its run began with tells, and needs nobody who answers: one that is to be started over may be broken. */
async function checkBeginning(
  { hosting, name }: PipelineSettings,
  source: string,
  options: StartOptions,
): Promise<PipelineInput | undefined> {
  const { client, startOver } = options;
  const before = await argumentOf(client, { workflowId: pipelineWorkflowId(name) }, parsePipelineInput);
  if (before === undefined) return undefined;
  if (!startOver && before.source !== source) throw otherSource(name, before.source, source);
  // Pools and lanes stay, with what they hold, also when it is started over (O1).
  const pools = poolsOf(hosting);
  if (before.pools !== pools) throw new OtherHostingError(name, before.pools, pools);
  return before;
}

/** What a pipeline has to know of its source when it starts. */
export type StartedSource = Pick<Source, 'identity' | 'now'>;

/** Starts or joins one pipeline. */
export async function startPipeline(
  settings: PipelineSettings,
  source: StartedSource,
  options: StartOptions,
): Promise<void> {
  const { client, log, signal, startOver, from } = options;
  const { name } = settings;
  const status = await statusOf(client, name);
  const before = status === undefined ? undefined : await checkBeginning(settings, source.identity, options);
  if (startOver) {
    // In one request: between an end and a start another bridge could recover what shall be forgotten.
    await start(settings, source, options, undefined, WorkflowIdConflictPolicy.TERMINATE_EXISTING);
    return;
  }
  if (status === undefined) {
    if (from === undefined && (await hasLeftTraces(client, name))) throw new CheckpointsLostError(name);
    await start(settings, source, options, undefined);
    return;
  }
  const workflowId = pipelineWorkflowId(name);
  const handle = client.workflow.getHandle(workflowId);
  const patience = { workflowId, log, signal };
  if (status === 'RUNNING') {
    const args: [PipelineConfiguration] = [{ options: settings.pipeline }];
    await untilAnswered(() => handle.executeUpdate(PIPELINE_UPDATES.configure, { args }), patience);
    return;
  }
  log.warn({ pipeline: name, status }, 'The pipeline was ended from outside; it goes on from its last checkpoints');
  // A closed run still answers queries while the server keeps its history.
  const { state } = parsePipelineView(await untilAnswered(() => handle.query(QUERIES.pipeline), patience));
  // Until its shards have been listed, the moment that was fixed first is all that says where they begin.
  await start(settings, source, options, { state, startAt: before?.startAt });
}

async function statusOf(client: Client, name: string): Promise<string | undefined> {
  try {
    return (await client.workflow.getHandle(pipelineWorkflowId(name)).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Lanes, open or ended, or a quarantine. While a pipeline does not run no lane ends by itself, so some stay. */
async function hasLeftTraces(client: Client, name: string): Promise<boolean> {
  if (!PIPELINE_NAME.test(name)) throw new Error(`Not a pipeline's name: ${name}`);
  const { count } = await client.workflow.count(`KeylanePipeline = "${name}"`);
  return count > 0;
}

async function start(
  settings: PipelineSettings,
  source: StartedSource,
  options: StartOptions,
  former: { readonly state: PipelineState; readonly startAt: StartPoint | undefined } | undefined,
  // Two bridges may start at the same moment: the second joins.
  workflowIdConflictPolicy: WorkflowIdConflictPolicy = WorkflowIdConflictPolicy.USE_EXISTING,
): Promise<void> {
  const { hosting, name, pipeline } = settings;
  const { client, from, taskQueue } = options;
  const pools = poolsOf(hosting);
  const carried = former?.state;
  const stream = carried?.stream ?? (options.stream && seen(undefined, options.stream, Date.now()));
  const input: PipelineInput = {
    version: VERSION,
    pipeline: name,
    source: source.identity,
    startAt:
      from === undefined
        ? (former?.startAt ?? (await startPoint(settings, source, options)))
        : { at: 'time', since: from },
    options: pipeline,
    ...(pools === undefined ? {} : { pools }),
    ...(stream === undefined ? {} : { stream }),
    ...(carried === undefined ? {} : { carried }),
  };
  await client.workflow.start(WORKFLOW_TYPES.pipeline, {
    workflowId: pipelineWorkflowId(name),
    taskQueue: readingTaskQueue(taskQueue),
    args: [input],
    workflowIdConflictPolicy,
    staticSummary: `reads ${source.identity}`,
    ...(stream === undefined ? {} : { memo: { [STREAM_MEMO]: stream } }),
  });
}

/** LATEST is fixed as the present moment, once: whatever is written from now on is read, however late (O4). */
async function startPoint(
  { name, source: { startAt } }: PipelineSettings,
  source: StartedSource,
  { log, signal }: StartOptions,
): Promise<StartPoint> {
  if (startAt === undefined || startAt === 'TRIM_HORIZON') return { at: 'horizon' };
  if (startAt !== 'LATEST') return { at: 'time', since: startAt.getTime() };
  return { at: 'time', since: await presentMoment(source, { log: log.child({ pipeline: name }), signal }) };
}
