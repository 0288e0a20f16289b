import type { Delivery } from '../../../bridge/deliver/gateway.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { formatPosition, type Position } from '../../../contracts/event/position.ts';
import type { Script } from './case.ts';

/** A record of a case, from its place in its shard to what a person made of it. */
export interface WrittenRecord {
  readonly key: string;
  readonly position: Position;
  /** From 1, in its shard. */
  readonly number: number;
  readonly name: string;
  readonly script: Script;
}

export function writtenRecord(shardId: string, number: number, key: string, script: Script): WrittenRecord {
  const position = { shardId, sequenceNumber: String(number) };
  return { key, position, number, name: formatPosition(position), script };
}

function laneEventOf({ number, position, script }: WrittenRecord): LaneEvent {
  const data = { json: { n: number, text: 'x'.repeat(script.size) } };
  return { position, arrivedAt: 1_700_000_000_000 + number, data, size: script.size + 20, source: 'kinesis' };
}

export function deliveryOf(record: WrittenRecord): Delivery {
  return { to: 'lane', key: record.key, event: laneEventOf(record) };
}
