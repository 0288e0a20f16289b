import type { AttributeValue } from '@aws-sdk/client-dynamodb-streams';

/** An item or a key of one, as a test writes it: DynamoDB's attribute values, binary ones as bytes. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** The same in DynamoDB's JSON, binary values in base64. */
export type WireItem = Readonly<Record<string, unknown>>;

/** Bytes of an item as DynamoDB counts them: names and values; a number about one byte for two digits. */
export function itemSize(item: WireItem): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}

function valueSize(value: unknown): number {
  const [[type, content] = ['NULL', true]] = Object.entries(value as Record<string, unknown>);
  if (type === 'L') return 3 + (content as unknown[]).reduce<number>((sum, each) => sum + 1 + valueSize(each), 0);
  if (type === 'M') return 3 + Object.keys(content as WireItem).length + itemSize(content as WireItem);
  if (type === 'BOOL' || type === 'NULL') return 1;
  const texts = Array.isArray(content) ? (content as string[]) : [content as string];
  return texts.reduce((sum, text) => sum + scalarSize(type, text), 0);
}

function scalarSize(type: string, text: string): number {
  if (type.startsWith('B')) return Buffer.byteLength(text, 'base64');
  return type.startsWith('N') ? Math.ceil(text.length / 2) + 1 : Buffer.byteLength(text);
}

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
