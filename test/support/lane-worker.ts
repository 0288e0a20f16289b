import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createQuestionActivities } from '../../activities/questions/question-activities.ts';
import { createRecoveryActivities } from '../../activities/recovery/recovery-activities.ts';
import { createHandlingActivities } from '../../activities/execution/execution-activities.ts';
import { createSearchingActivities } from '../../activities/quarantine/searching-activities.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import type { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import type { PendingEvent, QuestionActivities, ShardCheckpoint } from '../../contracts/questions.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { ReadingActivities } from '../../contracts/pipeline/reading.ts';
import type { HandlingSettings } from '../../settings/settings.ts';
import { Claims } from '../../stores/claims.ts';
import type { EventStore } from '../../stores/store.ts';
import { activityFailures } from '../../worker/activity-failures.ts';
import { runWorker, type RunningWorker } from '../../worker/running-worker.ts';
import { log } from './log.ts';
import { StallingProxy } from './stalling-proxy.ts';
import { bundleWorkflows } from './workflow-bundle.ts';

const bundle = bundleWorkflows();

export const QUICK_RETRIES: HandlingSettings = {
  retry: { maxAttempts: 3, initialIntervalMs: 20, backoff: 1, maxIntervalMs: 50 },
  timeoutMs: 5000,
  stopTimeoutMs: 1000,
};

export interface HarnessOptions {
  readonly handler: Handler;
  readonly handling?: Partial<HandlingSettings>;
  readonly lane?: Partial<LaneOptions>;
  /** What the pipeline's checkpoints are. @default beyond everything */
  readonly checkpoints?: () => Record<string, ShardCheckpoint>;
  /** Holds up the answer to a lane that has asked what Temporal knows of its pending event. */
  readonly holdUpPendingEvent?: (answer: PendingEvent) => Promise<void>;
  /** Of large events. */
  readonly store?: EventStore;
  /** What a process answers that reads the pipeline. @default there is none */
  readonly fetchData?: ReadingActivities['fetchData'];
  /** Workers replay their histories at every task, so that nothing depends on what is in memory. */
  readonly replayed?: boolean;
  /** Workers can be killed: they reach the server by a way of their own, which can be cut. */
  readonly mayDie?: boolean;
  /** Modules that stand between the workflows and Temporal's SDK. */
  readonly interceptors?: readonly string[];
  /** How long a lane's task waits for the worker that has the lane in memory. @default the SDK's */
  readonly stickyMs?: number;
}

/** Longer than the heartbeat timeouts of lanes in tests: no answer of a handler that was called arrives after that. */
const DEAD_MS = 4000;

export interface LaneWorkerSetup {
  readonly address: string;
  readonly client: Client;
  readonly freezeWatch: FreezeWatch;
  readonly options: HarnessOptions;
  readonly pipeline: string;
  readonly taskQueue: string;
}

/** A process that runs lanes and calls handlers, inside of this one. */
export class LaneWorker {
  readonly #running: RunningWorker;
  readonly #native: NativeConnection;
  readonly #proxy: StallingProxy | undefined;
  readonly #life: { isOver: boolean };

  private constructor(
    running: RunningWorker,
    native: NativeConnection,
    proxy: StallingProxy | undefined,
    life: { isOver: boolean },
  ) {
    this.#running = running;
    this.#native = native;
    this.#proxy = proxy;
    this.#life = life;
  }

  static async start(setup: LaneWorkerSetup): Promise<LaneWorker> {
    const { address, client, options, taskQueue } = setup;
    const proxy = options.mayDie === true ? await StallingProxy.before(address) : undefined;
    const native = await NativeConnection.connect({ address: proxy?.address ?? address });
    const stopping = new AbortController();
    const life = { isOver: false };
    const worker = await Worker.create({
      connection: native,
      namespace: client.options.namespace,
      ...(client.options.identity === undefined ? {} : { identity: client.options.identity }),
      taskQueue,
      workflowBundle: await (options.interceptors === undefined ? bundle : bundleWorkflows(options.interceptors)),
      activities: activitiesOf(setup, stopping.signal, life),
      interceptors: { activity: [activityFailures], workflowModules: [...(options.interceptors ?? [])] },
      shutdownGraceTime: 500,
      shutdownForceTime: 5000 + DEAD_MS,
      ...(options.replayed ? { maxCachedWorkflows: 0 } : {}),
      ...(options.stickyMs === undefined ? {} : { stickyQueueScheduleToStartTimeout: options.stickyMs }),
    });
    return new LaneWorker(runWorker(worker, stopping, log), native, proxy, life);
  }

  async stop(): Promise<void> {
    await this.#running.stop();
    await this.#native.close();
    await this.#proxy?.close();
  }

  /**
   * As if the process died: it calls no handler any more, and for some time nothing of it reaches the server, which gives
   * its work to others then. Resolves when its remains are gone.
   */
  async kill(): Promise<void> {
    const proxy = this.#proxy;
    if (proxy === undefined) throw new Error('A worker that is to be killed needs the option mayDie');
    this.#life.isOver = true;
    proxy.cut();
    setTimeout(() => proxy.mend(), DEAD_MS);
    await this.stop();
  }
}

function activitiesOf(setup: LaneWorkerSetup, stopping: AbortSignal, life: { readonly isOver: boolean }) {
  const { client, freezeWatch, options, pipeline } = setup;
  const { checkpoints, handler, handling, store } = options;
  const settings = { ...QUICK_RETRIES, ...handling };
  const run = createHandlingActivities({
    pipeline: () => ({
      handler: (event, context) => {
        if (life.isOver) throw new Error('This process is dead');
        return handler(event, context);
      },
      settings,
      claims: store && new Claims(store, pipeline),
    }),
    client,
    freezeWatch,
    stopping,
    log,
  });
  const questions = createQuestionActivities(client);
  const asking: QuestionActivities = {
    ...questions,
    pendingEvent: async (lane) => {
      const answer = await questions.pendingEvent(lane);
      if (answer !== null) await options.holdUpPendingEvent?.(answer);
      return answer;
    },
    checkpoints: async () => checkpoints?.() ?? {},
  };
  return { ...run, ...asking, ...createRecoveryActivities(client), ...createSearchingActivities(client) };
}
