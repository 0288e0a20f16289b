import type { AttributeValue } from '@aws-sdk/client-dynamodb-streams';

/** An item or a key of one, as a test writes it: DynamoDB's attribute values, binary ones as bytes. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** The same in DynamoDB's JSON, binary values in base64. */
export type WireItem = Readonly<Record<string, unknown>>;

export function wireItem(item: Item): WireItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, wireValue(value)]));
}

function wireValue(value: AttributeValue): object {
  if (value.B !== undefined) return { B: base64(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(base64) };
  if (value.L !== undefined) return { L: value.L.map(wireValue) };
  if (value.M !== undefined) return { M: wireItem(value.M) };
  return value;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
