/** The status of a pipeline on a real server: what its workflow knows, and what its readers say in their heartbeats. */
import { randomUUID } from 'node:crypto';
import { Context, CancelledFailure } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pipelineStatus } from '../../../../operations/pipelines/pipeline-status.ts';
import { renderStatus } from '../../../../cli/render/status.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../../../../contracts/pipeline/options.ts';
import type { PipelineInput } from '../../../../contracts/pipeline/messages.ts';
import type { ReaderInput, ReaderReport } from '../../../../contracts/pipeline/reading.ts';
import { installRuntime } from '../../../../worker/runtime.ts';
import { devServer } from '../../../support/dev-server.ts';
import { eventually } from '../../../support/eventually.ts';
import { bundleWorkflows } from '../../../support/workflow-bundle.ts';
import { PLAIN } from '../../cli/fake-io.ts';

const taskQueue = `status-${randomUUID().slice(0, 8)}`;
const reading = `${taskQueue}-reads`;
const failing = `${taskQueue}-fails`;
const killed = `${taskQueue}-killed`;
const denied = `${taskQueue}-denied`;
const halted = `${taskQueue}-halted`;
const pipelines = [reading, failing, killed, denied, halted];

let client: Client;
let worker: Worker;
let running: Promise<void>;
let native: NativeConnection;

beforeAll(async () => {
  installRuntime(pino({ level: 'silent' }));
  const { address, namespace } = devServer();
  client = new Client({ connection: await Connection.connect({ address }), namespace });
  native = await NativeConnection.connect({ address });
  worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    workflowBundle: await bundleWorkflows(),
    activities: { listShards, readShards },
    shutdownForceTime: 2000,
  });
  running = worker.run();
  for (const pipeline of pipelines) {
    const options = { ...DEFAULT_PIPELINE_OPTIONS, maxReaders: 1, heartbeatTimeoutMs: 1000 };
    const input: PipelineInput = {
      version: 1,
      pipeline,
      source: `kinesis:${pipeline}`,
      startAt: { at: 'horizon' },
      options,
    };
    await client.workflow.start('pipeline', { workflowId: pipeline, taskQueue, args: [input] });
  }
});

afterAll(async () => {
  for (const pipeline of pipelines) await client.workflow.getHandle(pipeline).terminate();
  worker.shutdown();
  await running;
  await native.close();
  await client.connection.close();
});

async function listShards(pipeline: string) {
  if (pipeline === failing) throw ApplicationFailure.retryable('Stream orders was not found', 'NoSuchStream');
  const shards = [
    { shardId: 'parent', parents: [], closed: true },
    { shardId: 'child', parents: ['parent'], closed: false },
  ];
  return Promise.resolve({ shards, retentionMs: 86_400_000 });
}

/** Heartbeats where it is, and stays out until it is called home. */
async function readShards({ pipeline, shards }: ReaderInput): Promise<ReaderReport> {
  const { attempt } = Context.current().info;
  if (pipeline === killed && attempt === 1) await Context.current().cancelled;
  if (pipeline === denied) {
    const nothing = { finished: false, read: 0, taken: 0, quarantined: 0 };
    Context.current().heartbeat({ shards: Object.fromEntries(shards.map(({ shardId }) => [shardId, nothing])) });
    if (attempt > 1) await rest(600_000);
    throw ApplicationFailure.retryable('Access denied', 'NoAccess');
  }
  const progress = shards.map(({ shardId }) => {
    const checkpoint = { shardId, sequenceNumber: '4711' };
    const gaps = [{ shardId, until: checkpoint, at: 5 }];
    return [
      shardId,
      { checkpoint, finished: false, lagMs: 1500, gaps, read: 3, taken: 3, quarantined: 0, filtered: 2 },
    ];
  });
  const report = { shards: Object.fromEntries(progress) } as ReaderReport;
  await rest(600_000, () => Context.current().heartbeat(report));
  return report;
}

/** Until it is called home. */
async function rest(ms: number, beat = () => Context.current().heartbeat({ shards: {} })): Promise<void> {
  beat();
  const timer = setInterval(beat, 200);
  try {
    await Context.current().sleep(ms);
  } catch (error) {
    if (!(error instanceof CancelledFailure)) throw error;
  } finally {
    clearInterval(timer);
  }
}

test('a checkpoint in a heartbeat counts before the reader comes home; a child waits for its parent (O2)', async () => {
  await eventually(async () => {
    const status = await pipelineStatus(client, reading);
    expect(status).toMatchObject({ state: 'reading', source: `kinesis:${reading}`, readers: 1, quarantined: 0 });
    expect(status.shards).toMatchObject([
      { shardId: 'parent', state: 'reading', lagMs: 1500, checkpoint: { shardId: 'parent', sequenceNumber: '4711' } },
      { shardId: 'child', state: 'waiting', parents: ['parent'] },
    ]);
  });
});

test('O10: gaps in a heartbeat, and how long until unread records are lost', async () => {
  await eventually(async () => {
    const status = await pipelineStatus(client, reading, { warnBeforeMs: 86_399_000 });
    const [shard] = status.shards;
    expect(status).toMatchObject({
      retentionMs: 86_400_000,
      gaps: { count: 1, latest: [{ shardId: 'parent', until: { sequenceNumber: '4711' }, at: 5 }] },
      warnings: [{ shardId: 'parent', lagMs: 1500, untilLossMs: 86_398_500 }],
    });
    expect(shard).toMatchObject({ untilLossMs: 86_398_500, filtered: 2 });
  });
});

test('what keeps a pipeline from reading is shown', async () => {
  await eventually(async () => {
    const { readErrors } = await pipelineStatus(client, failing);
    expect(readErrors).toMatchObject([{ activity: 'listShards', message: 'Stream orders was not found' }]);
  });
});

test('the error of a reader that was killed is no longer shown when another process reads (fault F7)', async () => {
  const attempts = async () => {
    const { raw } = await client.workflow.getHandle(killed).describe();
    return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'readShards')?.attempt;
  };
  await eventually(async () => {
    expect(await attempts()).toBe(2);
    expect(await pipelineStatus(client, killed)).toMatchObject({
      readErrors: [],
      shards: [{ shardId: 'parent', lagMs: 1500 }, { shardId: 'child' }],
    });
  }, 10_000);
});

test('the error of a reader that tries again and has read nothing yet is still shown (fault F7)', async () => {
  await eventually(async () => {
    const { readErrors } = await pipelineStatus(client, denied);
    expect(readErrors).toMatchObject([{ activity: 'readShards', attempt: 2, message: 'Access denied' }]);
  });
});

test('a pipeline that was terminated externally is told', async () => {
  const pipeline = `${taskQueue}-ended`;
  const handle = await client.workflow.start('pipeline', { workflowId: pipeline, taskQueue: `${taskQueue}-nobody` });
  expect(await pipelineStatus(client, pipeline)).toMatchObject({ state: 'unknown', readers: 0, shards: [] });
  await handle.terminate();
  expect(await pipelineStatus(client, pipeline)).toMatchObject({ state: 'ended', ended: { how: 'TERMINATED' } });
});

test('what is sent to a pipeline is read like what is sent to a lane, and shown as text (faults E2, E3)', async () => {
  const pipeline = client.workflow.getHandle(halted);
  for (const wrong of [{ by: 5 }, { by: ['a'] }, 'ann', { bye: 'ann' }]) {
    await expect(pipeline.executeUpdate('pause', { args: [wrong] })).rejects.toThrow('Workflow Update failed');
  }
  await pipeline.executeUpdate('pause', { args: [{ by: 'a\u001b[2Jb', reason: 'x\ny\u009bz' }] });
  const status = await pipelineStatus(client, halted);
  expect(status.state).toBe('paused');
  expect(renderStatus([status], { style: PLAIN, now: Date.now() })).toContain(String.raw`by a\u001b[2Jb (x y\u009bz)`);
  const { definition } = await pipeline.query<Metadata>('__temporal_workflow_metadata');
  expect(definition.updateDefinitions.map(({ name }) => name)).toContain('pause');
  expect(definition.updateDefinitions.filter(({ description }) => !description)).toEqual([]);
});

interface Metadata {
  readonly definition: {
    readonly updateDefinitions: readonly { readonly name: string; readonly description?: string }[];
  };
}
