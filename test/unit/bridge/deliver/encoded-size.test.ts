import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodedBatchSize, encodedSize } from '../../../../bridge/deliver/encoded-size.ts';
import { createRecordRouter } from '../../../../bridge/read/route-record.ts';

const position = {
  shardId: 'shardId-00000001700000000000-0123abcd',
  sequenceNumber: '9'.repeat(129),
  subSequenceNumber: 9999,
};
const data = fc.oneof(
  fc.uint8Array({ maxLength: 500 }),
  fc.string({ unit: 'binary', maxLength: 500 }).map((text) => Buffer.from(text.toWellFormed())),
  fc.json().map((text) => Buffer.from(text)),
);

test('O9: the size of a record in a request is never taken for smaller than it is', () => {
  fc.assert(
    fc.property(data, fc.string({ unit: 'binary' }), fc.boolean(), (bytes, reason, usable) => {
      const routeRecord = createRecordRouter('dynamodb', () => {
        if (usable) return 'key';
        throw new Error(reason);
      });
      const delivery = routeRecord({ position, arrivedAt: 1_700_000_000_000, partitionKey: '', data: bytes })!;
      const sent = JSON.stringify(delivery.to === 'lane' ? delivery.event : delivery.record);
      expect(encodedSize(delivery)).toBeGreaterThanOrEqual(Buffer.byteLength(sent) + 1);
      expect(encodedSize(delivery)).toBeLessThanOrEqual(Buffer.byteLength(sent) + 400);
    }),
  );
});

test('the size of a batch is that of its records', () => {
  const [a, b] = [1, 2].map((n) =>
    createRecordRouter('kinesis', undefined)({ position, arrivedAt: n, partitionKey: 'k', data: Buffer.from('abc') }),
  );
  if (a?.to !== 'lane' || b?.to !== 'lane') throw new Error('a record without a key');
  expect(encodedBatchSize({ to: 'lane', key: 'k', events: [a.event, b.event] })).toBe(encodedSize(a) + encodedSize(b));
});
