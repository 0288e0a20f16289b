/**
 * Aggregates that were made with the package `aws-kinesis-agg`, version 4.2.8: `new RecordAggregator()`, `addUserRecord`
 * for each record, and the `data` of `build()` in base64. What is expected is what went in. (What that package reads
 * back differs once: to a record without an explicit hash key it gives the first one of the table.)
 */
import type { PackedRecord } from './aggregate-encoder.ts';

const packed = (partitionKey: string, data: string | Uint8Array, explicitHashKey?: string): PackedRecord => ({
  partitionKey,
  explicitHashKey,
  data: Buffer.from(data),
});

export const FIXTURES: readonly { readonly name: string; readonly base64: string; readonly records: PackedRecord[] }[] =
  [
    {
      name: 'three records of two keys',
      base64:
        '84mawgoHb3JkZXItMQoHb3JkZXItMhokCAAaIHsib3JkZXJJZCI6Im9yZGVyLTEiLCJ0b3RhbCI6MTB9GiQIARogeyJvcmRlcklkIjoi' +
        'b3JkZXItMiIsInRvdGFsIjoyMH0aJAgAGiB7Im9yZGVySWQiOiJvcmRlci0xIiwidG90YWwiOjMwfR+tytDoU/hGqvLieNWEVoQ=',
      records: [
        packed('order-1', '{"orderId":"order-1","total":10}'),
        packed('order-2', '{"orderId":"order-2","total":20}'),
        packed('order-1', '{"orderId":"order-1","total":30}'),
      ],
    },
    {
      name: 'explicit hash keys for some of the records, bytes that are no text',
      base64:
        '84mawgoBYQoBYhIBMBInMzQwMjgyMzY2OTIwOTM4NDYzNDYzMzc0NjA3NDMxNzY4MjExNDU1GgsIABAAGgVmaXJzdBoKCAEaBnNlY29u' +
        'ZBoJCAAQARoDAP+AcxD8bbwPIz2626QrEqmgMQ==',
      records: [
        packed('a', 'first', '0'),
        packed('b', 'second'),
        packed('a', Uint8Array.of(0, 255, 128), '340282366920938463463374607431768211455'),
      ],
    },
    {
      name: 'keys and data beyond ASCII, a length of two bytes',
      base64:
        '84mawgoZQmVzdGVsbHVuZy3DhC3ml6XmnKwt8J+amgoBaxoLCAAaB2dyw7zDn2UazQEIARrIAXh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4' +
        'eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4' +
        'eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4' +
        'eHh4eHh4eHh4eHh4eHh4eHh4eHh4qbSlBWaU61AgkbN+nENdJQ==',
      records: [packed('Bestellung-Ä-日本-🚚', 'grüße'), packed('k', 'x'.repeat(200))],
    },
  ];
