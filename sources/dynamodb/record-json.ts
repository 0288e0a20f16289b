import type { AttributeValue, _Record } from '@aws-sdk/client-dynamodb-streams';
import type { StreamRecordJson } from '../../contracts/public/change.ts';

/**
 * A stream record in the form in which Lambda delivers it. Nothing is checked: an unexpected record (DynamoDB Local
 * gives those of time to live an event name of its own) is delivered as it is, and blocks its key (O8).
 */
export function streamRecordJson(record: _Record): StreamRecordJson {
  const { dynamodb, userIdentity } = record;
  return withoutUndefined({
    eventID: record.eventID,
    eventName: record.eventName,
    eventVersion: record.eventVersion,
    eventSource: record.eventSource,
    awsRegion: record.awsRegion,
    dynamodb: withoutUndefined({
      ApproximateCreationDateTime: seconds(dynamodb?.ApproximateCreationDateTime),
      Keys: item(dynamodb?.Keys),
      NewImage: item(dynamodb?.NewImage),
      OldImage: item(dynamodb?.OldImage),
      SequenceNumber: dynamodb?.SequenceNumber,
      SizeBytes: dynamodb?.SizeBytes,
      StreamViewType: dynamodb?.StreamViewType,
    }),
    userIdentity: userIdentity && withoutUndefined({ type: userIdentity.Type, principalId: userIdentity.PrincipalId }),
  }) as unknown as StreamRecordJson;
}

function seconds(date: Date | undefined): number | undefined {
  return date && date.getTime() / 1000;
}

function item(attributes: Record<string, AttributeValue> | undefined) {
  return attributes && Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attribute(value)]));
}

/**
 * JSON has no bytes: they become base64, as in Lambda's events. DynamoDB Local (3.3) writes an empty map without its
 * type.
 */
function attribute(value: AttributeValue): unknown {
  if (Object.keys(value).length === 0) return { M: {} };
  if (value.B !== undefined) return { B: base64(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(base64) };
  if (value.L !== undefined) return { L: value.L.map(attribute) };
  if (value.M !== undefined) return { M: item(value.M) };
  return value;
}

/** @param bytes base64 already in a record of which the answer was read by itself: see raw-records.ts */
export function base64(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
