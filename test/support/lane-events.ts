import type { LaneEvent } from '../../contracts/event/event.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { Failure, RetryPolicy } from '../../contracts/event/failure.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../../contracts/lane/options.ts';
import type { HeadFailure } from '../../contracts/lane/phase.ts';
import type { RecordsSignal } from '../../contracts/lane/messages.ts';

export const SHARD = 'shardId-000000000000';

/** The nth event of a shard. Sequence numbers are of different lengths on purpose: they are numbers, not texts. */
export function laneEvent(n: number, shardId = SHARD, data: unknown = { n }): LaneEvent {
  const position = { shardId, sequenceNumber: String(n) };
  return { position, arrivedAt: 1_700_000_000_000 + n, data: { json: data }, size: 10, source: 'kinesis' };
}

export function laneEvents(from: number, to: number, shardId = SHARD): LaneEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => laneEvent(from + index, shardId));
}

/** Records of a shard that have no key. */
export function keylessRecords(from: number, to: number, shardId = SHARD): QuarantinedRecord[] {
  const reason = 'The key function returned undefined';
  return laneEvents(from, to, shardId).map(({ arrivedAt, data, position, size }) => {
    return { arrivedAt, data, position, size, reason };
  });
}

export function recordsSignal(events: readonly LaneEvent[], leaseUntil = Number.MAX_SAFE_INTEGER): RecordsSignal {
  return { leaseUntil, events };
}

export const POLICY: RetryPolicy = { maxAttempts: 3, initialIntervalMs: 10, backoff: 2, maxIntervalMs: 100 };
export const FAILURE: Failure = { type: 'Error', message: 'no such order', nonRetryable: false };
export const FAILING: HeadFailure = { failure: FAILURE, policy: POLICY, since: 1000, attempts: 1, roundFrom: 0 };
export const OPTIONS: LaneOptions = DEFAULT_LANE_OPTIONS;
