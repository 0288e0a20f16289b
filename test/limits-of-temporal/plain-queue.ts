/**
 * A plain queue on a server: what fills it, the worker that works it off, and what the server has done with it. Its
 * client repeats nothing, so that the first answer of the server is heard.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { runWorker, type RunningWorker } from '../../worker/running-worker.ts';
import { log } from '../support/log.ts';
import { eventSignal, type PlainActivities, type PlainEvent, type PlainQueueType } from './plain-workflow.ts';

const { EventType } = proto.temporal.api.enums.v1;
const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };

let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

function bundled(): ReturnType<typeof bundleWorkflowCode> {
  const workflowsPath = fileURLToPath(new URL('plain-workflow.ts', import.meta.url));
  return (bundle ??= bundleWorkflowCode({ workflowsPath, logger: quiet }));
}

/** The SDK tells at length of what goes wrong here on purpose. Once a process, before anything connects. */
export function silenceSdk(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
}

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** The connections of queues in one namespace. */
export class PlainHost {
  readonly client: Client;
  readonly #native: NativeConnection;
  readonly #queues: PlainQueue[] = [];

  private constructor(client: Client, native: NativeConnection) {
    this.client = client;
    this.#native = native;
  }

  static async connect(address: string, namespace: string): Promise<PlainHost> {
    const connection = await Connection.connect({
      address,
      interceptors: [],
      // Else 4 MiB: less than the description of a run with large heartbeats.
      channelArgs: { 'grpc.max_receive_message_length': 128 * 1024 * 1024 },
    });
    return new PlainHost(new Client({ connection, namespace }), await NativeConnection.connect({ address }));
  }

  queue(type: PlainQueueType = 'oneByOne'): PlainQueue {
    const queue = new PlainQueue(this.client, type, (taskQueue, activities) =>
      this.#startWorker(taskQueue, activities),
    );
    this.#queues.push(queue);
    return queue;
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.#queues.splice(0).map((queue) => queue.stopWorker()));
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.#native.close();
    await this.client.connection.close();
  }

  async #startWorker(taskQueue: string, activities: PlainActivities): Promise<RunningWorker> {
    const worker = await Worker.create({
      connection: this.#native,
      namespace: this.client.options.namespace,
      taskQueue,
      workflowBundle: await bundled(),
      activities,
      shutdownGraceTime: 0,
      shutdownForceTime: 2000,
    });
    return runWorker(worker, new AbortController(), log);
  }
}

type StartWorker = (taskQueue: string, activities: PlainActivities) => Promise<RunningWorker>;

/** One key: its workflow id is its task queue's name too. */
export class PlainQueue {
  readonly id = `plain-${randomUUID()}`;
  readonly #client: Client;
  readonly #type: PlainQueueType;
  readonly #startWorker: StartWorker;
  #worker: RunningWorker | undefined;
  #sent = 0;

  constructor(client: Client, type: PlainQueueType, startWorker: StartWorker) {
    this.#client = client;
    this.#type = type;
    this.#startWorker = startWorker;
  }

  get handle(): WorkflowHandle {
    return this.#client.workflow.getHandle(this.id);
  }

  /**
   * Sends the next event, numbered from 1, as a bridge would.
   * @returns the run that took it
   */
  async send(bytes = 10): Promise<string> {
    const event: PlainEvent = { n: (this.#sent += 1), data: 'x'.repeat(bytes) };
    const { signaledRunId } = await this.#client.workflow.signalWithStart(this.#type, {
      workflowId: this.id,
      taskQueue: this.id,
      signal: eventSignal,
      signalArgs: [event],
    });
    return signaledRunId;
  }

  /** @returns the run that took the last one */
  async sendMany(count: number, bytes?: number): Promise<string> {
    let run = '';
    for (let n = 0; n < count; n += 1) run = await this.send(bytes);
    return run;
  }

  async startWorker(handle: PlainActivities['handle']): Promise<void> {
    this.#worker = await this.#startWorker(this.id, { handle });
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop();
    this.#worker = undefined;
  }

  async status(runId?: string): Promise<string> {
    return (await this.#client.workflow.getHandle(this.id, runId).describe()).status.name;
  }

  /** The end of a run's history, without what is before: that may be large. */
  async lastEvent(runId: string): Promise<HistoryEvent> {
    const { history } = await this.#client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: this.#client.options.namespace,
      execution: { workflowId: this.id, runId },
      maximumPageSize: 1,
    });
    const event = history?.events?.[0];
    if (event === undefined) throw new Error(`Run ${runId} of ${this.id} has no history`);
    return event;
  }

  /** The first event of this kind in the history of the present run. */
  async find(type: keyof typeof EventType): Promise<HistoryEvent | undefined> {
    const { events } = await this.handle.fetchHistory();
    return events?.find(({ eventType }) => eventType === EventType[type]);
  }
}

/** The words with which the server refuses. */
export async function refusal(request: Promise<unknown>): Promise<string> {
  const answer: unknown = await request.then(
    () => new Error('It was not refused'),
    (error: unknown) => error,
  );
  for (let error = answer; error instanceof Error; error = error.cause as Error) {
    if (isGrpcServiceError(error)) return error.message;
  }
  throw answer;
}
