import type { SourceRecord } from '../../../../sources/source.ts';

const SEQUENCE_NUMBER = '49590338271490256608559692538361571095921575989136588898';

/** @param data bytes, a text as it is, or anything else as JSON */
export function kinesisRecord(data: unknown, partitionKey = '1'): SourceRecord {
  return {
    position: { shardId: 'shardId-000000000006', sequenceNumber: SEQUENCE_NUMBER },
    arrivedAt: 1_545_084_650_987,
    partitionKey,
    data: data instanceof Uint8Array ? data : Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)),
  };
}

/** @param change what differs from an insertion */
export function dynamodbRecord(change: Readonly<Record<string, unknown>>): SourceRecord {
  return kinesisRecord({ eventID: '1', eventName: 'INSERT', eventVersion: '1.1', ...change });
}
