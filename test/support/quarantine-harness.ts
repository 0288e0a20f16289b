/**
 * A pipeline's quarantine on the real dev server: what a bridge sends, a worker for the quarantine and its lanes, and a
 * worker on the reading task queue with a key function that the test writes.
 */
import { Worker, NativeConnection } from '@temporalio/worker';
import { createRedrivingActivities } from '../../activities/quarantine/redriving-activities.ts';
import { findOwnAttempt } from '../../activities/reading/own-attempt.ts';
import { Context } from '@temporalio/activity';
import { systemClock } from '../../lib/node/clock.ts';
import type { DeliveryRequest, LaneGateway } from '../../bridge/deliver/gateway.ts';
import { HistoryBudget } from '../../bridge/temporal/history-budget.ts';
import { Lease } from '../../bridge/lease/lease.ts';
import { OutageLog } from '../../bridge/deliver/outage-log.ts';
import { endedRun } from '../../temporal/latest-run.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';
import { TemporalGateway } from '../../bridge/temporal/temporal-gateway.ts';
import { ThrottleLog } from '../../bridge/deliver/throttle-log.ts';
import { kinesis } from '../../contracts/public/source-config.ts';
import { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import { quarantineWorkflowId, QUERIES, readingTaskQueue } from '../../contracts/names.ts';
import { DEFAULT_QUARANTINE_LIMITS, type QuarantineLimits } from '../../contracts/quarantine/options.ts';
import type { RedriveInput } from '../../contracts/quarantine/search.ts';
import type {
  QuarantineDecision,
  QuarantineVerbArgs,
  QuarantineVerbName,
} from '../../contracts/quarantine/decision.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import type { KeyableRecord } from '../../contracts/public/record.ts';
import type { Source } from '../../sources/source.ts';
import { runWorker, type RunningWorker } from '../../worker/running-worker.ts';
import { devServer } from './dev-server.ts';
import { eventually } from './eventually.ts';
import { LaneHarness, type HarnessOptions } from './lane-harness.ts';
import { log } from './log.ts';
import { settingsWith } from './settings.ts';

export interface QuarantineOptions extends HarnessOptions {
  readonly key: (record: KeyableRecord) => unknown;
  readonly limits?: Partial<QuarantineLimits>;
  readonly signalsPerRun?: number;
  /** As the pipeline says, whatever the settings. @default each key has a lane of its own */
  readonly pools?: number;
  /** Told before each request to a lane; what it throws becomes of the request. */
  readonly beforeSend?: (request: DeliveryRequest) => void | Promise<void>;
  /** The answer to a request is lost. */
  readonly afterSend?: (request: DeliveryRequest) => void | Promise<void>;
  /** What the source has. @default nothing */
  readonly recordAt?: Source['recordAt'];
  /** In the place of each attempt to bring records. */
  readonly aroundRedriving?: (bring: () => Promise<void>) => Promise<void>;
}

export class QuarantineHarness {
  readonly lanes: LaneHarness;
  readonly #native: NativeConnection;
  readonly #options: QuarantineOptions;
  readonly #freezeWatch = new FreezeWatch();
  #worker: RunningWorker | undefined;

  private constructor(lanes: LaneHarness, native: NativeConnection, options: QuarantineOptions) {
    this.lanes = lanes;
    this.#native = native;
    this.#options = options;
    this.#freezeWatch.start();
  }

  static async start(options: QuarantineOptions): Promise<QuarantineHarness> {
    const lanes = await LaneHarness.start(options);
    const { address } = devServer();
    const harness = new QuarantineHarness(lanes, await NativeConnection.connect({ address }), options);
    await harness.startBridge();
    return harness;
  }

  async startBridge(): Promise<void> {
    const { client, pipeline, taskQueue } = this.lanes;
    const { address, namespace } = devServer();
    const stopping = new AbortController();
    const source = kinesis({ stream: pipeline });
    const { recordAt = async () => undefined } = this.#options;
    const settings = settingsWith(
      { [pipeline]: { source, key: this.#options.key as (record: KeyableRecord) => string, handler: () => {} } },
      { address, namespace, taskQueue },
      this.#options.lane === undefined ? {} : { lane: this.#options.lane },
    ).pipelines.get(pipeline)!;
    const outage = new OutageLog(log, 'Temporal');
    const historyBudget = new HistoryBudget({ limits: settings.reading.historyLimits, log, clock: systemClock });
    const { lane } = settings;
    const runs = new RecentMap();
    const shared = {
      client,
      taskQueue,
      outage,
      throttling: new ThrottleLog(log),
      historyBudget,
      runs,
      log,
      clock: systemClock,
    };
    const gateway = new TemporalGateway({ ...shared, pipeline, lane, requestTimeoutMs: 5000 });
    const activities = createRedrivingActivities({
      pipelines: () => ({ settings, source: { kind: 'kinesis', recordAt } as Source, claims: undefined }),
      client,
      stopping: stopping.signal,
      log,
      router: async () => ({ pools: this.#options.pools }),
      gateway: () => this.#disturbed(gateway),
      openLease: () => {
        const { info } = Context.current();
        const heartbeatTimeoutMs = info.heartbeatTimeoutMs ?? 0;
        const find = findOwnAttempt(client, info);
        return new Lease({ reader: 'a', find, freezeWatch: this.#freezeWatch, heartbeatTimeoutMs, clock: systemClock });
      },
    });
    const worker = await Worker.create({
      connection: this.#native,
      namespace: client.options.namespace,
      identity: 'lane-harness',
      taskQueue: readingTaskQueue(taskQueue),
      activities: {
        ...activities,
        redriveRecords: async (input: RedriveInput) => {
          const { aroundRedriving = (bring) => bring() } = this.#options;
          await aroundRedriving(async () => await activities.redriveRecords(input));
        },
      },
      maxHeartbeatThrottleInterval: 200,
      shutdownGraceTime: 500,
      shutdownForceTime: 5000,
    });
    this.#worker = runWorker(worker, stopping, log);
  }

  async stopBridge(): Promise<void> {
    await this.#worker?.stop();
    this.#worker = undefined;
  }

  #disturbed(gateway: LaneGateway): LaneGateway {
    const { afterSend, beforeSend } = this.#options;
    return {
      send: async (request, signal) => {
        await beforeSend?.(request);
        await gateway.send(request, signal);
        await afterSend?.(request);
      },
    };
  }

  async stop(): Promise<void> {
    await this.stopBridge();
    await this.lanes.stop();
    this.#freezeWatch.stop();
    await this.#native.close();
  }

  get handle() {
    return this.lanes.client.workflow.getHandle(quarantineWorkflowId(this.lanes.pipeline));
  }

  async put(records: readonly QuarantinedRecord[], leaseUntil = Date.now() + 60_000): Promise<void> {
    const { limits, signalsPerRun = 2000 } = this.#options;
    const predecessor = await endedRun(this.lanes.client, this.handle.workflowId);
    await this.lanes.quarantine(
      records,
      {
        signalsPerRun,
        limits: { ...DEFAULT_QUARANTINE_LIMITS, ...limits },
        ...(predecessor === undefined ? {} : { predecessor }),
      },
      leaseUntil,
    );
  }

  view(): Promise<QuarantineView> {
    return this.handle.query<QuarantineView>(QUERIES.quarantine);
  }

  /** What came of it in the end, whichever run that was in. */
  async decide(verb: QuarantineVerbName, args: QuarantineVerbArgs): Promise<QuarantineDecision> {
    const decision = await this.handle.executeUpdate<QuarantineDecision, [QuarantineVerbArgs]>(verb, { args: [args] });
    if (decision.outcome !== 'going on') return decision;
    return await eventually(
      async () => (await this.view()).decisions.find(({ id }) => id === decision.id) ?? false,
      120_000,
    );
  }
}
