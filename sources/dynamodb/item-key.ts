import type { AttributeValue, KeySchemaElement } from '@aws-sdk/client-dynamodb-streams';
import { base64 } from './record-json.ts';

/**
 * The item's key as one string, always the same for the same item: a string as it is, a number in DynamoDB's digits,
 * bytes in base64. A hash and a range key are joined by `|`; where one of them has a `|` or `\`, a `\` goes before it.
 */
export function canonicalItemKey(
  keys: Readonly<Record<string, AttributeValue>>,
  schema: readonly KeySchemaElement[],
): string {
  const hash = keyText(keys, schema, 'HASH');
  const range = keyText(keys, schema, 'RANGE');
  return range === undefined ? (hash ?? '') : `${escapePart(hash ?? '')}|${escapePart(range)}`;
}

function keyText(
  keys: Readonly<Record<string, AttributeValue>>,
  schema: readonly KeySchemaElement[],
  keyType: 'HASH' | 'RANGE',
): string | undefined {
  const name = schema.find((element) => element.KeyType === keyType)?.AttributeName;
  const value = name === undefined ? undefined : keys[name];
  if (value?.B !== undefined) return base64(value.B);
  return value?.S ?? value?.N;
}

function escapePart(text: string): string {
  return text.replaceAll(/[\\|]/g, String.raw`\$&`);
}
