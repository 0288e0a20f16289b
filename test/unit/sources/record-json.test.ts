import type { _Record } from '@aws-sdk/client-dynamodb-streams';
import { expect, test } from 'vitest';
import { readChange } from '../../../contracts/public/change.ts';
import { streamRecordJson } from '../../../sources/dynamodb/record-json.ts';

const removal: _Record = {
  eventID: 'e1',
  eventName: 'REMOVE',
  eventVersion: '1.1',
  eventSource: 'aws:dynamodb',
  awsRegion: 'eu-west-1',
  dynamodb: {
    ApproximateCreationDateTime: new Date(1_700_000_000_000),
    Keys: { id: { S: 'a' } },
    OldImage: { id: { S: 'a' }, deep: { L: [{ M: { bytes: { B: Uint8Array.of(0, 255) } } }] } },
    SequenceNumber: '554022700000000052561897332',
    SizeBytes: 12,
    StreamViewType: 'NEW_AND_OLD_IMAGES',
  },
  userIdentity: { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' },
};

test("has the names of Lambda's events: seconds, base64, a user identity in lower case", () => {
  expect(streamRecordJson(removal)).toEqual({
    eventID: 'e1',
    eventName: 'REMOVE',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-west-1',
    dynamodb: {
      ApproximateCreationDateTime: 1_700_000_000,
      Keys: { id: { S: 'a' } },
      OldImage: { id: { S: 'a' }, deep: { L: [{ M: { bytes: { B: 'AP8=' } } }] } },
      SequenceNumber: '554022700000000052561897332',
      SizeBytes: 12,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    userIdentity: { principalId: 'dynamodb.amazonaws.com', type: 'Service' },
  });
});

test('a removal by time to live is told as one to the handler', () => {
  expect(readChange(streamRecordJson(removal))).toMatchObject({
    name: 'REMOVE',
    expired: true,
    oldImage: { deep: [{ bytes: Buffer.from([0, 255]) }] },
  });
});

test('a record that makes no sense goes on as it is', () => {
  const odd = { eventName: 'UNKNOWN_TO_SDK_VERSION', dynamodb: { SequenceNumber: '1' } } as unknown as _Record;
  expect(streamRecordJson(odd)).toEqual(odd);
});

test('an empty map has its type also when DynamoDB Local leaves it out (fault D2)', () => {
  const image = { id: { S: 'a' }, empty: {}, deep: { L: [{}, { M: { inner: {} } }] } } as unknown as Record<
    string,
    never
  >;
  const record = { ...removal, dynamodb: { ...removal.dynamodb, OldImage: image } };
  expect(streamRecordJson(record).dynamodb.OldImage).toEqual({
    id: { S: 'a' },
    empty: { M: {} },
    deep: { L: [{ M: {} }, { M: { inner: { M: {} } } }] },
  });
});
