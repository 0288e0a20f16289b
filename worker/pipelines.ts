/**
 * Starts the pipeline workflows of the settings, or joins those that are running.
 *
 * A pipeline must never restart from its start position by itself: that would read everything again, after lanes may
 * have forgotten what they have processed (O6), or skip all existing records (O4, a start at LATEST).
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
  /** Terminates a running pipeline, and deletes its checkpoints. */
  readonly startOver: boolean;
  /** Where a pipeline without checkpoints starts, instead of `startAt` in the settings. ms since 1970 */
  readonly from?: number | undefined;
  /** The stream as described before this process took any work; absent when that failed. */
  readonly stream?: StreamIdentity | undefined;
}

/**
 * Thrown when a pipeline existed before and its checkpoints no longer exist. The operator must decide where to start.
 */
export class CheckpointsLostError extends Error {
  override readonly name = 'CheckpointsLostError';
  readonly pipeline: string;

  constructor(pipeline: string) {
    super(
      `Pipeline "${pipeline}" has lanes, but its own workflow is gone with its checkpoints. To start over where the ` +
        'settings say: --start-over. To start at a point in time: --from 2026-01-31T12:00:00Z. Open lanes drop records ' +
        'that they have processed already; other records may be handled once more.',
    );
    this.pipeline = pipeline;
  }
}

/** Thrown when a pipeline has been reading another stream than the one in the settings. */
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
    `Pipeline "${pipeline}" has been reading ${before}, but the settings name ${now}. Its checkpoints are not valid ` +
      'there. Give the pipeline another name, or start over: --start-over.',
  );
}

/** Thrown when a pipeline was created with another hosting: a key would have two lanes (O1). */
export class OtherHostingError extends Error {
  override readonly name = 'OtherHostingError';
  readonly pipeline: string;

  constructor(pipeline: string, before: number | undefined, now: number | undefined) {
    super(
      `Pipeline "${pipeline}" was created with ${nameOf(before)}, but the settings say ${nameOf(now)}. Keys cannot move ` +
        `from one to the other while the pipeline holds events of them. Restore ${nameOf(before)}, or give the pipeline another name.`,
    );
    this.pipeline = pipeline;
  }
}

function nameOf(pools: number | undefined): string {
  return pools === undefined ? "hosting 'own'" : `hosting 'pooled' and ${pools} pools`;
}

/**
 * Compares the settings with the input of the pipeline's run. That needs no worker: a pipeline that is started over may
 * be broken.
 */
async function checkFirstInput(
  { hosting, name }: PipelineSettings,
  source: string,
  options: StartOptions,
): Promise<PipelineInput | undefined> {
  const { client, startOver } = options;
  const before = await argumentOf(client, { workflowId: pipelineWorkflowId(name) }, parsePipelineInput);
  if (before === undefined) return undefined;
  if (!startOver && before.source !== source) throw otherSource(name, before.source, source);
  // Pools and lanes keep their events, also when the pipeline is started over (O1).
  const pools = poolsOf(hosting);
  if (before.pools !== pools) throw new OtherHostingError(name, before.pools, pools);
  return before;
}

/** What a pipeline needs to know about its source when it starts. */
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
  const before = status === undefined ? undefined : await checkFirstInput(settings, source.identity, options);
  if (startOver) {
    // In one request: between a termination and a start another bridge could recover the checkpoints that must be
    // deleted.
    await start(settings, source, options, undefined, WorkflowIdConflictPolicy.TERMINATE_EXISTING);
    return;
  }
  if (status === undefined) {
    if (from === undefined && (await hasTraces(client, name))) throw new CheckpointsLostError(name);
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
  log.warn(
    { pipeline: name, status },
    'The pipeline workflow was terminated externally; continuing from its last checkpoints',
  );
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

/**
 * Whether there are lanes, open or closed, or a quarantine. While a pipeline is not running no lane completes, so some
 * remain.
 */
async function hasTraces(client: Client, name: string): Promise<boolean> {
  if (!PIPELINE_NAME.test(name)) throw new Error(`Not a valid pipeline name: ${name}`);
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

/** LATEST becomes the current time, once: records that are written from now on are read, however late (O4). */
async function startPoint(
  { name, source: { startAt } }: PipelineSettings,
  source: StartedSource,
  { log, signal }: StartOptions,
): Promise<StartPoint> {
  if (startAt === undefined || startAt === 'TRIM_HORIZON') return { at: 'horizon' };
  if (startAt !== 'LATEST') return { at: 'time', since: startAt.getTime() };
  return { at: 'time', since: await presentMoment(source, { log: log.child({ pipeline: name }), signal }) };
}
