/**
 * Lanes and the quarantine as workflows: a request is a signal to the run that took the last one, or a signal-with-start.
 *
 * Decides nothing about order or repetition, that is the dispatcher's. Asks in time whether a lane has room (lane-room.ts),
 * and tells which failures are meant for all lanes, which for one, and which for this very request (refusal.ts).
 */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Logger } from 'pino';
import { formatPosition } from '../../contracts/event/position.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { LANE_DETAILS, staticAttributes, summaryOf } from '../../contracts/lane/start.ts';
import type { LaneInput, RecordsSignal } from '../../contracts/lane/messages.ts';
import type { LaneMemo } from '../../contracts/lane/view.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import {
  poolWorkflowId,
  quarantineWorkflowId,
  SEARCH_ATTRIBUTES,
  SIGNALS,
  WORKFLOW_TYPES,
} from '../../contracts/names.ts';
import type { PoolInput, PoolSignal } from '../../contracts/pool/messages.ts';
import type { PoolOptions } from '../../contracts/pool/options.ts';
import { quarantineLimits } from '../../contracts/quarantine/options.ts';
import type { QuarantineInput, QuarantineSignal } from '../../contracts/quarantine/messages.ts';
import type { StartedAfter, EndedRun } from '../../contracts/run.ts';
import type { LatestRun } from '../../contracts/recovery.ts';
import type { Clock } from '../../lib/node/clock.ts';
import { encodedBatchSize } from '../deliver/encoded-size.ts';
import { askHistory } from './lane-history.ts';
import {
  DeliveryRejectedError,
  PressureError,
  RequestTooLargeError,
  type Delivery,
  type DeliveryRequest,
  type LaneGateway,
} from '../deliver/gateway.ts';
import type { HistoryBudget } from './history-budget.ts';
import type { OutageLog } from '../deliver/outage-log.ts';
import { latestRun } from '../../temporal/latest-run.ts';
import type { RecentMap } from '../../lib/pure/recent-map.ts';
import { refusalOf } from './rejection.ts';
import { rejectWhenAborted } from '../../lib/node/abort.ts';
import { mayLeaveData } from '../read/source-only.ts';
import type { ThrottleLog } from '../deliver/throttle-log.ts';
import { triedOnce } from '../../temporal/tried-once.ts';

/**
 * A pool tells bridges to wait when it holds enough, since that must fit into its next run, and when its run ends, which the
 * server suggests at 4,096 events or 4 MiB.
 */
const POOL_ENDS_AT = { events: 3500, bytes: 3.5 * 1024 * 1024 };
const TOO_LARGE_RETRY_MS = 60_000;
/** Failures in a row, some ten seconds of them: a lane that is about to continue as new has done so by then. */
const MAX_FAILURES_LOGGED = 8;
const FAILURES_TOLD_AGAIN = 30;

const PIPELINE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.pipeline, SearchAttributeType.KEYWORD);
const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);

type ReusePolicy = 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE';

/** What a workflow is begun with, when a request finds none. */
interface Start extends Pick<
  WorkflowStartOptions,
  'typedSearchAttributes' | 'memo' | 'staticSummary' | 'staticDetails'
> {
  readonly type: string;
  readonly args: [LaneInput | PoolInput | QuarantineInput];
}

/** What was known of the run before, when another one is begun. */
interface Taking {
  readonly predecessor?: EndedRun;
  readonly after?: StartedAfter;
}

export interface TemporalGatewayOptions {
  readonly client: Client;
  readonly pipeline: string;
  /** Where lanes and the quarantine run. */
  readonly taskQueue: string;
  readonly lane: LaneOptions;
  /** Of its pools. Without them each key has a lane of its own. */
  readonly pool?: PoolOptions | undefined;
  readonly requestTimeoutMs: number;
  /** Shared by all that talk to this server. */
  readonly outage: OutageLog;
  /** Shared as well. */
  readonly throttling: ThrottleLog;
  /** Shared by the readers of the pipeline in this process. */
  readonly room: HistoryBudget;
  /** The run that took the last signal, by workflow. Shared by them too. */
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
    const { clock, outage, room } = this.#options;
    const startedAt = clock.now();
    const lane = this.#laneOf(request);
    try {
      await this.#call(async () => {
        await room.admit({ ...lane, ask: async () => await askHistory(this.#options.client, lane.id, Date.now()) });
        signal.throwIfAborted();
        await this.#signal(request, lane.id, signal);
      }, signal);
    } catch (error) {
      if (signal.aborted || error instanceof DeliveryRejectedError) throw error;
      throw this.#refused(error, request, startedAt);
    }
    room.accepted(lane.id);
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

  /** What to tell the dispatcher, and perhaps people. */
  #refused(error: unknown, request: DeliveryRequest, startedAt: number): unknown {
    const { clock, log, outage, room, throttling } = this.#options;
    const { attempt } = request;
    const lane = this.#laneOf(request);
    const refusal = refusalOf(error, lane.bytes);
    switch (refusal) {
      case 'too large': {
        const { records } = describe(request);
        if (records > 1) return new RequestTooLargeError(`${records} records are too large`, { cause: error });
        const refused = tooLarge(error, request);
        log.error({ err: error, ...describe(request) }, refused.message);
        return refused;
      }
      case 'no signals left':
        return room.noSignalsLeft(lane);
      case 'out of reach':
        outage.failed(error, startedAt);
        return new PressureError('Temporal is out of reach', false, { cause: error });
      case 'throttled':
        throttling.throttled(error, clock.now());
        return new PressureError('Temporal throttles', true, { cause: error });
      case 'busy':
      case 'other':
        if (attempt === MAX_FAILURES_LOGGED || attempt % FAILURES_TOLD_AGAIN === 0) {
          log.warn({ err: error, ...describe(request) }, 'Temporal keeps refusing records, sending them again');
        }
        return error;
    }
  }

  async #call(call: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { client, requestTimeoutMs } = this.#options;
    signal.throwIfAborted();
    // The client never takes its listener off the signal that it is given, so each call gets one of its own; and it does
    // not look at a signal that has aborted before, so the call is left to itself.
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
   * To the run that took the last one, which spares the server the question which run is the current one.
   * @returns false when none is known, or it has ended: this one has to go to the next
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
   * A lane that has ended is started anew only after a look at how it ended: one that was terminated held events (O5). The
   * same goes for the quarantine. That costs keys that come back two requests more.
   * @returns the run that took it
   */
  async #signalWithStart(request: DeliveryRequest, workflowId: string, signal: AbortSignal): Promise<string> {
    try {
      return await this.#begin(request, workflowId, 'REJECT_DUPLICATE');
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const seenAt = Date.now();
      const latest = await latestRun(this.#options.client, workflowId);
      signal.throwIfAborted();
      // Another bridge has begun it meanwhile. Should that run be ended from outside as well, it is not passed over.
      if (latest.state === 'open') return await this.#begin(request, workflowId, 'REJECT_DUPLICATE');
      return await this.#begin(request, workflowId, 'ALLOW_DUPLICATE', takingOverFrom(latest, seenAt));
    }
  }

  /** @returns the run that took it */
  async #begin(
    request: DeliveryRequest,
    workflowId: string,
    workflowIdReusePolicy: ReusePolicy,
    taking: Taking = {},
  ): Promise<string> {
    const { client, taskQueue } = this.#options;
    const { type, ...start } = this.#startOf(request, taking);
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

  #startOf(request: DeliveryRequest, taking: Taking): Start {
    switch (request.to) {
      case 'lane':
        return this.#laneStart(request.key, taking);
      case 'pool':
        return this.#poolStart(request.pool, taking);
      case 'quarantine':
        return this.#quarantineStart(taking);
    }
  }

  #laneStart(key: string, taking: Taking): Start {
    const { pipeline, lane } = this.#options;
    const input: LaneInput = { version: 1, pipeline, key, options: lane, ...taking };
    const memo: LaneMemo = { key };
    return {
      type: WORKFLOW_TYPES.lane,
      args: [input],
      typedSearchAttributes: [...staticAttributes(pipeline, key), { key: STATUS, value: 'healthy' }],
      memo: { ...memo },
      staticSummary: summaryOf(key),
      staticDetails: LANE_DETAILS,
    };
  }

  #poolStart(pool: number, taking: Taking): Start {
    const { pipeline, pool: options } = this.#options;
    if (options === undefined) throw new Error(`${pipeline} has no pools`);
    const input: PoolInput = { version: 1, pipeline, options, ...taking };
    return {
      type: WORKFLOW_TYPES.pool,
      args: [input],
      typedSearchAttributes: [
        { key: PIPELINE, value: pipeline },
        { key: STATUS, value: 'healthy' },
      ],
      staticSummary: `Healthy keys of ${pipeline}, part ${pool}`,
    };
  }

  #quarantineStart(taking: Taking): Start {
    const { pipeline, lane } = this.#options;
    const { signalsPerRun } = lane;
    const input: QuarantineInput = { version: 1, pipeline, signalsPerRun, limits: quarantineLimits(lane), ...taking };
    return {
      type: WORKFLOW_TYPES.quarantine,
      args: [input],
      typedSearchAttributes: [{ key: PIPELINE, value: pipeline }],
      staticSummary: `Records of ${pipeline} without a usable key`,
    };
  }
}

/** @param seenAt when the question was sent, ms since 1970 */
function takingOverFrom(latest: LatestRun, seenAt: number): Taking {
  if (latest.state === 'ended') return { predecessor: latest.run, after: { runId: latest.run.runId, seenAt } };
  return latest.state === 'completed' ? { after: { runId: latest.runId, seenAt } } : {};
}

/**
 * Temporal takes payloads up to a limit (2 MiB unless the server is set otherwise), and a request that carries a single
 * record cannot be made smaller but by leaving out its data. That happens only where a server is set to take less than
 * `largeEvents.above`. A record whose data cannot be fetched from the source again waits, since dropping it would be a loss,
 * and the checkpoint with it; every attempt says so (O9).
 */
function tooLarge(error: unknown, request: DeliveryRequest): DeliveryRejectedError | RequestTooLargeError {
  const { key, position, bytes } = describe(request);
  const where = key === undefined ? 'the quarantine' : `key ${JSON.stringify(key)}`;
  const what = `Record ${position} (${bytes} bytes) for ${where} is larger than Temporal accepts in one payload.`;
  const remedy =
    'Lower largeEvents.above, or raise limit.blobSize.error on the server (and for more than 4 MiB, what gRPC takes)';
  if (deliveriesOf(request).every(mayLeaveData)) {
    return new RequestTooLargeError(
      `${what} It goes on without its data, which stays in the source until its key fetches it. ${remedy}.`,
      { cause: error },
    );
  }
  return new DeliveryRejectedError(
    `${what} It stays where it is, and with it the checkpoint of its shard. ${remedy}; it is sent again every ` +
      `${TOO_LARGE_RETRY_MS / 1000} s until it is accepted.`,
    TOO_LARGE_RETRY_MS,
    { cause: error },
  );
}

function deliveriesOf(request: DeliveryRequest): readonly Delivery[] {
  if (request.to === 'quarantine') return request.records.map((record) => ({ to: 'quarantine', record }));
  return request.events.map((event) => ({ to: 'lane', key: '', event }));
}

function signalOf(request: DeliveryRequest): RecordsSignal | PoolSignal | QuarantineSignal {
  const { leaseUntil } = request;
  return request.to === 'quarantine'
    ? { leaseUntil, records: request.records }
    : { leaseUntil, events: request.events };
}

function describe(request: DeliveryRequest) {
  const records = request.to === 'quarantine' ? request.records : request.events;
  const key = request.to === 'lane' ? request.key : request.to === 'pool' ? request.events[0]?.key : undefined;
  return {
    ...(key === undefined ? {} : { key }),
    position: records[0] && formatPosition(records[0].position),
    records: records.length,
    bytes: encodedBatchSize(request),
  };
}
