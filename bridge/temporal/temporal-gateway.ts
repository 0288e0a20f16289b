/**
 * Lanes and the quarantine as workflows: a request is a signal to the run that accepted the last one, or a
 * signal-with-start.
 *
 * Decides nothing about order or repetition: the dispatcher does. Asks in time whether a lane's history can hold more
 * (history-budget.ts), and tells apart failures of all lanes, of one lane, and of this request (rejection.ts).
 */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { poolWorkflowId, quarantineWorkflowId, SIGNALS } from '../../contracts/names.ts';
import { rejectWhenAborted } from '../../lib/node/abort.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { RecentMap } from '../../lib/pure/recent-map.ts';
import { latestRun } from '../../temporal/latest-run.ts';
import { triedOnce } from '../../temporal/tried-once.ts';
import { encodedBatchSize } from '../deliver/encoded-size.ts';
import {
  DeliveryRejectedError,
  PressureError,
  RequestTooLargeError,
  type DeliveryRequest,
  type LaneGateway,
} from '../deliver/gateway.ts';
import type { OutageLog } from '../deliver/outage-log.ts';
import type { ThrottleLog } from '../deliver/throttle-log.ts';
import type { HistoryBudget } from './history-budget.ts';
import { describeHistory } from './lane-history.ts';
import { rejectionOf } from './rejection.ts';
import { describeRequest, signalOf, tooLarge } from './request-content.ts';
import { previousRunOf, startOf, type PreviousRun, type StartOptions } from './start-requests.ts';

/**
 * A pool asks bridges to wait when it is full, since its events must fit into its next run, and when its run ends,
 * which the server suggests at 4,096 events or 4 MiB.
 */
const POOL_ENDS_AT = { events: 3500, bytes: 3.5 * 1024 * 1024 };
/**
 * Failures in a row before the first log line, some ten seconds: a lane that is about to continue as new has done so by
 * then.
 */
const MAX_FAILURES_LOGGED = 8;
const LOG_AGAIN_EVERY = 30;

type ReusePolicy = 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE';

export interface TemporalGatewayOptions extends StartOptions {
  readonly client: Client;
  /** Where lanes and the quarantine run. */
  readonly taskQueue: string;
  readonly requestTimeoutMs: number;
  /** Shared by all callers of this server. */
  readonly outage: OutageLog;
  /** Shared as well. */
  readonly throttling: ThrottleLog;
  /** Shared by the readers of the pipeline in this process. */
  readonly historyBudget: HistoryBudget;
  /** The run that accepted the last signal, by workflow id. Shared by them too. */
  readonly runs: RecentMap;
  readonly log: Logger;
  readonly clock: Clock;
}

export class TemporalGateway implements LaneGateway {
  readonly #options: TemporalGatewayOptions;

  constructor(options: TemporalGatewayOptions) {
    this.#options = options;
  }

  async send(request: DeliveryRequest, signal: AbortSignal): Promise<void> {
    const { clock, outage, historyBudget } = this.#options;
    const startedAt = clock.now();
    const lane = this.#laneOf(request);
    try {
      await this.#call(async () => {
        await historyBudget.admit({
          ...lane,
          describeHistory: async () => await describeHistory(this.#options.client, lane.id, Date.now()),
        });
        signal.throwIfAborted();
        await this.#signal(request, lane.id, signal);
      }, signal);
    } catch (error) {
      if (signal.aborted || error instanceof DeliveryRejectedError) throw error;
      throw this.#rejectionFor(error, request, startedAt);
    }
    historyBudget.accepted(lane.id);
    outage.succeeded(clock.now());
  }

  #laneOf(request: DeliveryRequest) {
    const { pipeline } = this.#options;
    const bytes = encodedBatchSize(request);
    switch (request.to) {
      case 'lane':
        return { id: laneWorkflowId(pipeline, request.key), name: `key ${JSON.stringify(request.key)}`, bytes };
      case 'pool':
        return {
          id: poolWorkflowId(pipeline, request.pool),
          name: `pool ${request.pool}`,
          bytes,
          endsAt: POOL_ENDS_AT,
        };
      case 'quarantine':
        return { id: quarantineWorkflowId(pipeline), name: 'the quarantine', bytes };
    }
  }

  /** The error for the dispatcher; logs it where an operator should know. */
  #rejectionFor(error: unknown, request: DeliveryRequest, startedAt: number): unknown {
    const { clock, log, outage, historyBudget, throttling } = this.#options;
    const { attempt } = request;
    const lane = this.#laneOf(request);
    const rejection = rejectionOf(error, lane.bytes);
    switch (rejection) {
      case 'too large': {
        const { records } = describeRequest(request);
        if (records > 1) return new RequestTooLargeError(`${records} records are too large`, { cause: error });
        const rejectionFor = tooLarge(error, request);
        log.error({ err: error, ...describeRequest(request) }, rejectionFor.message);
        return rejectionFor;
      }
      case 'no signals left':
        return historyBudget.noSignalsLeft(lane);
      case 'out of reach':
        outage.failed(error, startedAt);
        return new PressureError('Temporal cannot be reached', false, { cause: error });
      case 'throttled':
        throttling.throttled(error, clock.now());
        return new PressureError('Temporal throttles requests', true, { cause: error });
      case 'busy':
      case 'other':
        if (attempt === MAX_FAILURES_LOGGED || attempt % LOG_AGAIN_EVERY === 0) {
          log.warn({ err: error, ...describeRequest(request) }, 'Temporal keeps rejecting records, retrying');
        }
        return error;
    }
  }

  async #call(call: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { client, requestTimeoutMs } = this.#options;
    signal.throwIfAborted();
    // The client never removes its listener from the signal that it is given, so each call gets a signal of its own;
    // and it does not check whether the signal has aborted already, so the call is raced with the abort.
    const controller = new AbortController();
    const cancel = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const called = client.withAbortSignal(controller.signal, () =>
        client.withDeadline(Date.now() + requestTimeoutMs, async () => await triedOnce(call)),
      );
      await Promise.race([called, rejectWhenAborted(controller.signal)]);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  async #signal(request: DeliveryRequest, workflowId: string, signal: AbortSignal): Promise<void> {
    if (await this.#signalRun(request, workflowId)) return;
    signal.throwIfAborted();
    this.#options.runs.set(workflowId, await this.#signalWithStart(request, workflowId, signal));
  }

  /**
   * Signals the run that accepted the last signal, which spares the server a lookup of the current run.
   * @returns false when no run is known, or it has ended: the signal must go to the next one
   */
  async #signalRun(request: DeliveryRequest, workflowId: string): Promise<boolean> {
    const runId = this.#options.runs.get(workflowId);
    if (runId === undefined) return false;
    const run = this.#options.client.workflow.getHandle(workflowId, runId);
    try {
      await run.signal(SIGNALS.records, signalOf(request));
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      this.#options.runs.delete(workflowId);
      return false;
    }
  }

  /**
   * A closed lane is started again only after a look at how it closed: one that was terminated held events (O5). The
   * same is true of the quarantine. That costs two more requests for a key that comes back.
   * @returns the run that accepted the signal
   */
  async #signalWithStart(request: DeliveryRequest, workflowId: string, signal: AbortSignal): Promise<string> {
    try {
      return await this.#startRun(request, workflowId, 'REJECT_DUPLICATE');
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const seenAt = Date.now();
      const latest = await latestRun(this.#options.client, workflowId);
      signal.throwIfAborted();
      // Another bridge has started it meanwhile. Should that run be terminated externally too, this start must not skip
      // it.
      if (latest.state === 'open') return await this.#startRun(request, workflowId, 'REJECT_DUPLICATE');
      return await this.#startRun(request, workflowId, 'ALLOW_DUPLICATE', previousRunOf(latest, seenAt));
    }
  }

  /** @returns the run that accepted the signal */
  async #startRun(
    request: DeliveryRequest,
    workflowId: string,
    workflowIdReusePolicy: ReusePolicy,
    previous: PreviousRun = {},
  ): Promise<string> {
    const { client, taskQueue } = this.#options;
    const { type, ...start } = startOf(this.#options, request, previous);
    const { signaledRunId } = await client.workflow.signalWithStart(type, {
      ...start,
      workflowId,
      workflowIdReusePolicy,
      taskQueue,
      signal: SIGNALS.records,
      signalArgs: [signalOf(request)],
    });
    return signaledRunId;
  }
}
