/**
 * The activities of a quarantine that need the settings of its pipeline: they call the current key function for its
 * records, and redrive those that have a key now to their lanes.
 *
 * Records are redriven as readers deliver them, by the same dispatcher and with the same stamps. To a lane the
 * quarantine is one more shard: redrive sequence numbers only grow, a repeat starts with the same records, and a lane
 * drops what it has accepted before (O6).
 */
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { systemClock } from '../../lib/node/clock.ts';
import { Dispatcher } from '../../bridge/deliver/dispatcher.ts';
import { findKey } from '../../bridge/read/route-record.ts';
import type { LaneGateway } from '../../bridge/deliver/gateway.ts';
import type { Lease } from '../../bridge/lease/lease.ts';
import { rejectWhenAborted } from '../../lib/node/abort.ts';
import type { Router } from '../../temporal/router.ts';
import { SEGMENT_GONE } from '../../contracts/lane/backlog.ts';
import type { LaneEvent, SourceKind } from '../../contracts/event/event.ts';
import type {
  RedrivingActivities,
  RedriveInput,
  SegmentFinding,
  SegmentSearch,
} from '../../contracts/quarantine/search.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import type { PipelineSettings } from '../../settings/settings.ts';
import { formatSize } from '../../contracts/public/size.ts';
import { SourceUnavailableError } from '../../sources/errors.ts';
import { aggregateProblem } from '../../sources/kinesis/aggregate.ts';
import type { Source } from '../../sources/source.ts';
import type { Claims } from '../../stores/claims.ts';
import { StoreUnavailableError } from '../../stores/errors.ts';
import { keyFunctionCalls } from '../execution/current-call.ts';
import { dataOf } from '../execution/event-bytes.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { storedData } from '../reading/stored-data.ts';
import { findRecords, type KeyOf } from './find-records.ts';
import { readSegmentRecords } from '../../temporal/segment-records.ts';

interface RedrivingPipeline {
  readonly settings: PipelineSettings;
  readonly source: Source;
  readonly claims: Claims | undefined;
}

export interface RedrivingDependencies {
  readonly pipelines: (name: string) => RedrivingPipeline;
  readonly client: Client;
  /** Aborts when the process is about to stop. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
  /** Tells where the keys of a pipeline live. */
  readonly router: (pipeline: string) => Promise<Router>;
  /** The gateway to the lanes of a pipeline, the same that its readers in this process use. */
  readonly gateway: (pipeline: string, log: Logger) => LaneGateway;
  /** Opens a lease for the running attempt of this activity. */
  readonly openLease: () => Lease;
}

export function createRedrivingActivities(dependencies: RedrivingDependencies): RedrivingActivities {
  return {
    findKeys: async (search) => await withHeartbeat(async () => await findKeys(dependencies, search)),
    redriveRecords: async (input) => await withHeartbeat(async () => await redriveRecords(dependencies, input)),
  };
}

async function findKeys({ client, pipelines }: RedrivingDependencies, search: SegmentSearch): Promise<SegmentFinding> {
  const { claims, settings, source } = pipelines(search.pipeline);
  const key = settings.key && keyFunctionCalls(search.pipeline, settings.key);
  const { cancellationSignal } = Context.current();
  const keyOf: KeyOf = async (record) => {
    try {
      const { data: held } = record;
      const data =
        'sourceOnly' in held
          ? ((await storedData(claims, held.sourceOnly, cancellationSignal)) ??
            (await sourceOnlyData(source, record, cancellationSignal)))
          : await dataOf(record, claims, () => cancellationSignal);
      const problem = source.kind === 'kinesis' ? aggregateProblem(data) : undefined;
      if (problem !== undefined) return { reason: problem };
      return findKey(source.kind, key, { ...record, data, partitionKey: record.partitionKey ?? '' });
    } catch (error) {
      // A retry may succeed.
      const isLater = error instanceof StoreUnavailableError || error instanceof SourceUnavailableError;
      if (isLater || cancellationSignal.aborted) throw error;
      return { reason: error instanceof Error ? error.message : String(error) };
    }
  };
  return await findRecords(client, search, keyOf);
}

/**
 * Fetches the data for the key function only: the lane fetches it again when it is the head, or reports what is
 * missing.
 */
async function sourceOnlyData(source: Source, record: QuarantinedRecord, signal: AbortSignal): Promise<Uint8Array> {
  const { position, size } = record;
  const found = await source.recordAt(position, signal);
  // A record of another size belongs to a stream that was deleted and created again.
  if (found?.data.byteLength === size) return found.data;
  throw new Error(
    `Its data (${formatSize(size)}) is gone for good: it was too large for Temporal and stayed in the source, which no longer has ` +
      `record ${formatPosition(position)}. Skip it, or replace its data`,
  );
}

async function redriveRecords(dependencies: RedrivingDependencies, input: RedriveInput): Promise<void> {
  const { client, gateway, openLease, pipelines, stopping } = dependencies;
  const { settings, source } = pipelines(input.pipeline);
  const { pools } = await dependencies.router(input.pipeline);
  const { cancellationSignal } = Context.current();
  const lease = openLease();
  // A long-lived signal keeps references to the combined one until one of the signals aborts, so this aborts at the
  // end.
  const over = new AbortController();
  const stop = AbortSignal.any([cancellationSignal, stopping, lease.lost, over.signal]);
  const log = dependencies.log.child({ pipeline: input.pipeline });
  const dispatcher = new Dispatcher({
    gateway: gateway(input.pipeline, log),
    lease,
    requestsInFlight: settings.reading.requestsInFlight,
    pools,
    clock: systemClock,
    random: Math.random,
  });
  // Synchronously: not one request may be sent after this.
  stop.addEventListener('abort', () => dispatcher.stop(), { once: true });
  try {
    const { records } = await readSegmentRecords(client, input.segment);
    for (const [nth, { index, key }] of input.entries.entries()) {
      const record = records[index];
      if (record === undefined) {
        throw ApplicationFailure.nonRetryable(`${input.segment} has no record ${index}`, SEGMENT_GONE);
      }
      dispatcher.submit({ to: 'lane', key, event: redrivenEvent(record, source.kind, input.first + nth) }, () => {});
    }
    await Promise.race([dispatcher.whenEmpty(), rejectWhenAborted(stop)]);
  } finally {
    over.abort();
    lease.close();
  }
}

function redrivenEvent(record: QuarantinedRecord, source: SourceKind, number: number): LaneEvent {
  const { position, arrivedAt, data, size, replaced } = record;
  return {
    position,
    arrivedAt,
    data,
    size,
    source,
    ...(replaced === undefined ? {} : { replaced }),
    redriveSequence: String(number),
  };
}
