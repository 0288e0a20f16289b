import { AwsError } from '../aws-error.ts';
import type { Input, PutEntry } from '../input.ts';
import type { KinesisPut } from './shard.ts';
import type { FakeKinesisStream } from './stream.ts';

const MAX_RECORDS = 500;
/** The default of a stream, which AWS lets be raised to 10 MiB. Puts of the test itself have no limit. */
const MAX_RECORD_BYTES = 1024 * 1024;

export function putRecord(stream: FakeKinesisStream, input: Input): object {
  const [placement] = stream.put(readPut(input));
  return { ShardId: placement?.shardId, SequenceNumber: placement?.sequenceNumber };
}

export function putRecords(stream: FakeKinesisStream, input: Input): object {
  const entries = input.Records ?? [];
  if (entries.length === 0 || entries.length > MAX_RECORDS) {
    throw new AwsError('ValidationException', `Records has ${entries.length} members, not 1 to ${MAX_RECORDS}.`);
  }
  const placements = stream.put(...entries.map(readPut));
  return {
    FailedRecordCount: 0,
    Records: placements.map(({ shardId, sequenceNumber }) => ({ ShardId: shardId, SequenceNumber: sequenceNumber })),
  };
}

function readPut({ PartitionKey = '', Data = '', ExplicitHashKey }: PutEntry): KinesisPut {
  const data = Buffer.from(Data, 'base64');
  if (data.length > MAX_RECORD_BYTES) {
    throw new AwsError('ValidationException', `Data has ${data.length} bytes, more than ${MAX_RECORD_BYTES}.`);
  }
  return { key: PartitionKey, data, ...(ExplicitHashKey === undefined ? {} : { explicitHashKey: ExplicitHashKey }) };
}
