/** The listing of a pipeline's shards, on a real Temporal server, when the process that lists them is lost or slow. */
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReadingActivities } from '../../activities/reading/reading-activities.ts';
import { kinesis } from '../../contracts/public/source-config.ts';
import { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import { QUERIES, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../../contracts/pipeline/options.ts';
import type { PipelineInput } from '../../contracts/pipeline/messages.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import { RecordedMetrics } from '../unit/bridge/read/recorded-metrics.ts';
import { ScriptedSource } from '../unit/bridge/read/scripted-source.ts';
import { devServer } from '../support/dev-server.ts';
import { eventually } from '../support/eventually.ts';
import { uniqueName } from '../support/keylane.ts';
import { log } from '../support/log.ts';
import { settingsWith } from '../support/settings.ts';
import { bundleWorkflows } from '../support/workflow-bundle.ts';

const HEARTBEAT_MS = 1500;

let connection: Connection;
let native: NativeConnection;
let client: Client;
let code: string;

beforeAll(async () => {
  const { address, namespace } = devServer();
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
  client = new Client({ connection, namespace });
  ({ code } = await bundleWorkflows());
});
afterAll(async () => {
  await connection.close();
  await native.close();
});

/** A pipeline whose shards are listed from this source; `around` stands for the process that is asked each time. */
async function listing(
  source: ScriptedSource,
  around: (list: () => Promise<unknown>, nth: number) => Promise<unknown>,
) {
  const pipeline = uniqueName();
  const { address, namespace } = devServer();
  const settings = settingsWith(
    { [pipeline]: { source: kinesis({ stream: pipeline }), handler: () => {} } },
    { address, namespace, taskQueue: pipeline },
    {},
  ).pipelines.get(pipeline)!;
  const activities = createReadingActivities({
    pipelines: () => ({ settings, source, claims: undefined, metrics: new RecordedMetrics() }),
    client,
    taskQueue: pipeline,
    freezeWatch: new FreezeWatch(),
    log,
    stopping: new AbortController().signal,
  });
  let asked = 0;
  const listShards = async (...args: Parameters<typeof activities.listShards>) =>
    await around(async () => await activities.listShards(...args), (asked += 1));
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: pipeline,
    workflowBundle: { code },
    activities: { listShards, readShards: async () => await Context.current().cancelled },
    maxHeartbeatThrottleInterval: 200,
    shutdownGraceTime: 100,
    shutdownForceTime: 1000,
  });
  const running = worker.run().catch(() => {});
  const input: PipelineInput = {
    version: 1,
    pipeline,
    source: `kinesis:${pipeline}`,
    startAt: { at: 'horizon' },
    options: { ...DEFAULT_PIPELINE_OPTIONS, heartbeatTimeoutMs: HEARTBEAT_MS },
  };
  const handle = await client.workflow.start(WORKFLOW_TYPES.pipeline, {
    workflowId: pipeline,
    taskQueue: pipeline,
    args: [input],
  });
  return {
    discovered: async () => (await handle.query<PipelineView>(QUERIES.pipeline)).state.discovered,
    asked: () => asked,
    close: async () => {
      await handle.terminate();
      worker.shutdown();
      await running;
    },
  };
}

test('O2 a process that is lost while it lists the shards is replaced within the heartbeat timeout (fault F6)', async () => {
  const source = new ScriptedSource({ s: { records: [], ends: false } });
  // Nothing is heard any more of the process that is asked first.
  const it = await listing(source, async (list, nth) => (nth === 1 ? await Context.current().cancelled : await list()));
  try {
    await eventually(async () => await it.discovered(), 10_000);
  } finally {
    await it.close();
  }
});

test('O2 a listing that takes longer than the heartbeat timeout is not taken for lost (fault F6)', async () => {
  class SlowSource extends ScriptedSource {
    override async listShards() {
      await new Promise((resolve) => setTimeout(resolve, 3 * HEARTBEAT_MS));
      return await super.listShards();
    }
  }
  const it = await listing(new SlowSource({ s: { records: [], ends: false } }), async (list) => await list());
  try {
    await eventually(async () => await it.discovered(), 15_000);
    expect(it.asked()).toBe(1);
  } finally {
    await it.close();
  }
});
