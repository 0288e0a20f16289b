/**
 * Runs lanes on the real dev server with the real activities: a worker on a task queue of its own, a handler that the
 * test writes, and the signals that a bridge would send.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { endedRun } from '../../temporal/latest-run.ts';
import { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import { DEFAULT_LANE_OPTIONS } from '../../contracts/lane/options.ts';
import type { Decision, VerbArgs } from '../../contracts/lane/decision.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import {
  QUERIES,
  poolWorkflowId,
  quarantineWorkflowId,
  readingTaskQueue,
  SIGNALS,
  WORKFLOW_TYPES,
  type VerbName,
} from '../../contracts/names.ts';
import { ATTRIBUTES } from '../../contracts/search-attributes.ts';
import { DEFAULT_POOL_OPTIONS, type PoolOptions } from '../../contracts/pool/options.ts';
import type { PoolEvent } from '../../contracts/pool/state.ts';
import type { PoolInput } from '../../contracts/pool/messages.ts';
import type { PoolKeyView, PoolView } from '../../contracts/pool/view.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineInput } from '../../contracts/quarantine/messages.ts';
import { DEFAULT_QUARANTINE_LIMITS } from '../../contracts/quarantine/options.ts';
import { installRuntime } from '../../worker/runtime.ts';
import { runWorker, type RunningWorker } from '../../worker/running-worker.ts';
import { retryInterceptor } from '../../temporal/retries.ts';
import { devServer } from './dev-server.ts';
import { LaneWorker, type HarnessOptions } from './lane-worker.ts';
import { expectNoTurnWithoutInput, log } from './log.ts';

export { QUICK_RETRIES, type HarnessOptions } from './lane-worker.ts';

/** Instead of the machine's name, which has no place in recorded histories. */
const IDENTITY = 'lane-harness';
const TERMINATED_AT_ONCE = 20;

export class LaneHarness {
  readonly pipeline = `p${randomUUID().slice(0, 8)}`;
  readonly taskQueue = `lanes-${this.pipeline}`;
  readonly client: Client;
  readonly #native: NativeConnection;
  readonly #options: HarnessOptions;
  readonly #freezeWatch = new FreezeWatch();
  readonly #workers: LaneWorker[] = [];
  readonly #dying: Promise<void>[] = [];
  #fetcher: RunningWorker | undefined;

  private constructor(client: Client, native: NativeConnection, options: HarnessOptions) {
    this.client = client;
    this.#native = native;
    this.#options = options;
    this.#freezeWatch.start();
  }

  static async start(options: HarnessOptions): Promise<LaneHarness> {
    installRuntime(log);
    const { address, namespace } = devServer();
    // As processes do: pages of histories may be larger than gRPC's own 4 MiB.
    const channelArgs = { 'grpc.max_receive_message_length': 128 * 1024 * 1024 };
    const connection = await Connection.connect({ address, channelArgs, interceptors: [retryInterceptor] });
    const client = new Client({ connection, namespace, identity: IDENTITY });
    const harness = new LaneHarness(client, await NativeConnection.connect({ address }), options);
    await harness.startWorker();
    await harness.#startFetcher();
    return harness;
  }

  /** One more, when there is one already. */
  async startWorker(): Promise<void> {
    const [options, { address }] = [this.#options, devServer()];
    const { client, pipeline, taskQueue } = this;
    const setup = { address, client, freezeWatch: this.#freezeWatch, options, pipeline, taskQueue };
    this.#workers.push(await LaneWorker.start(setup));
  }

  async #startFetcher(): Promise<void> {
    const { fetchData } = this.#options;
    if (fetchData === undefined) return;
    const worker = await Worker.create({
      connection: this.#native,
      namespace: this.client.options.namespace,
      identity: IDENTITY,
      taskQueue: readingTaskQueue(this.taskQueue),
      activities: { fetchData },
    });
    this.#fetcher = runWorker(worker, new AbortController(), log);
  }

  /** The one that has been there for longest. */
  async stopWorker(): Promise<void> {
    await this.#workers.shift()?.stop();
  }

  /** The same one, without a chance to tell anybody. */
  killWorker(): void {
    const killed = this.#workers.shift()?.kill();
    if (killed !== undefined) this.#dying.push(killed);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers.splice(0).map((worker) => worker.stop()), this.#fetcher?.stop()]);
    await Promise.allSettled(this.#dying);
    this.#freezeWatch.stop();
    const lanes = this.client.workflow.list({
      query: `TaskQueue = "${this.taskQueue}" AND ExecutionStatus = "Running"`,
    });
    const open: string[] = [];
    for await (const { workflowId } of lanes) open.push(workflowId);
    await mapBounded(open, TERMINATED_AT_ONCE, async (id) => {
      await this.client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => undefined);
    });
    await this.#native.close();
    await this.client.connection.close();
    expectNoTurnWithoutInput();
  }

  /** Sends events to a key's lane, as a bridge does. */
  async send(key: string, events: readonly LaneEvent[], leaseUntil = Date.now() + 60_000): Promise<void> {
    const input: LaneInput = {
      version: 1,
      pipeline: this.pipeline,
      key,
      options: { ...DEFAULT_LANE_OPTIONS, heartbeatTimeoutMs: 2000, ...this.#options.lane },
    };
    await this.client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
      workflowId: laneWorkflowId(this.pipeline, key),
      taskQueue: this.taskQueue,
      args: [input],
      signal: SIGNALS.records,
      signalArgs: [{ leaseUntil, events }],
      memo: { key },
      typedSearchAttributes: [
        { key: ATTRIBUTES.pipeline, value: this.pipeline },
        { key: ATTRIBUTES.key, value: key },
        { key: ATTRIBUTES.status, value: 'healthy' },
      ],
    });
  }

  /** Sends records to the pipeline's quarantine, as a bridge does. */
  async quarantine(
    records: readonly QuarantinedRecord[],
    limits: Partial<QuarantineInput> = {},
    leaseUntil = Date.now() + 60_000,
  ): Promise<void> {
    const input: QuarantineInput = {
      version: 1,
      pipeline: this.pipeline,
      signalsPerRun: 2000,
      limits: DEFAULT_QUARANTINE_LIMITS,
      ...limits,
    };
    await this.client.workflow.signalWithStart(WORKFLOW_TYPES.quarantine, {
      workflowId: quarantineWorkflowId(this.pipeline),
      taskQueue: this.taskQueue,
      args: [input],
      signal: SIGNALS.records,
      signalArgs: [{ leaseUntil, records }],
    });
  }

  /** Sends events to the one pool, as a bridge does. */
  async pool(
    events: readonly PoolEvent[],
    options: Partial<PoolOptions> = {},
    leaseUntil = Date.now() + 60_000,
  ): Promise<void> {
    const lane = { ...DEFAULT_LANE_OPTIONS, heartbeatTimeoutMs: 2000, ...this.#options.lane };
    const predecessor = await endedRun(this.client, poolWorkflowId(this.pipeline, 0));
    const input: PoolInput = {
      version: 1,
      pipeline: this.pipeline,
      options: { ...DEFAULT_POOL_OPTIONS, heartbeatTimeoutMs: 2000, lane, ...options },
      ...(predecessor === undefined ? {} : { predecessor }),
    };
    await this.client.workflow.signalWithStart(WORKFLOW_TYPES.pool, {
      workflowId: poolWorkflowId(this.pipeline, 0),
      taskQueue: this.taskQueue,
      args: [input],
      signal: SIGNALS.records,
      signalArgs: [{ leaseUntil, events }],
    });
  }

  get poolHandle(): WorkflowHandle {
    return this.client.workflow.getHandle(poolWorkflowId(this.pipeline, 0));
  }

  poolView(): Promise<PoolView> {
    return this.poolHandle.query<PoolView>(QUERIES.pool);
  }

  /** Where a key is. */
  async whereIs(key: string): Promise<PoolKeyView['where']> {
    return (await this.poolHandle.query<PoolKeyView, [string]>(QUERIES.key, key)).where;
  }

  lane(key: string): WorkflowHandle {
    return this.client.workflow.getHandle(laneWorkflowId(this.pipeline, key));
  }

  view(key: string): Promise<LaneView> {
    return this.lane(key).query<LaneView>(QUERIES.lane);
  }

  decide(key: string, verb: VerbName, args: VerbArgs = {}): Promise<Decision> {
    return this.lane(key).executeUpdate<Decision, [VerbArgs]>(verb, { args: [args] });
  }
}
