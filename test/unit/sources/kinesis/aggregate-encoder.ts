/** Packs user records as the Kinesis Producer Library does, and as it never would. */
import { createHash } from 'node:crypto';

export interface PackedRecord {
  readonly partitionKey: string;
  readonly explicitHashKey?: string | undefined;
  readonly data: Uint8Array;
}

export function aggregate(records: readonly PackedRecord[]): Uint8Array {
  const partitionKeys = [...new Set(records.map(({ partitionKey }) => partitionKey))];
  const explicitHashKeys = [...new Set(records.flatMap(({ explicitHashKey }) => explicitHashKey ?? []))];
  return frame([
    ...partitionKeys.map((key) => text(1, key)),
    ...explicitHashKeys.map((key) => text(2, key)),
    ...records.map(({ partitionKey, explicitHashKey, data }) =>
      bytes(3, [
        ...varint(1, partitionKeys.indexOf(partitionKey)),
        ...(explicitHashKey === undefined ? [] : varint(2, explicitHashKeys.indexOf(explicitHashKey))),
        ...bytes(3, data),
      ]),
    ),
  ]);
}

/** Magic number, fields and the right MD5. */
export function frame(fields: Iterable<readonly number[]>): Uint8Array {
  const message = Buffer.concat([...fields].map((field) => Buffer.from(field)));
  const digest = createHash('md5').update(message).digest();
  return Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, digest]);
}

export function varint(field: number, value: number | bigint): number[] {
  return [...rawVarint(field * 8), ...rawVarint(value)];
}

export function bytes(field: number, content: Iterable<number>): number[] {
  const list = [...content];
  return [...rawVarint(field * 8 + 2), ...rawVarint(list.length), ...list];
}

export function text(field: number, content: string): number[] {
  return bytes(field, Buffer.from(content));
}

export function rawVarint(value: number | bigint): number[] {
  const encoded: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest /= 128n) encoded.push(Number(rest % 128n) + 128);
  return [...encoded, Number(rest)];
}
