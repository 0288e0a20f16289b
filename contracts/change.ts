import type { AttributeValue } from '@aws-sdk/client-dynamodb-streams';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { UndecodableError } from './errors.ts';

/** An item or a key with plain values. A number that a JavaScript number cannot hold exactly is a bigint or a string. */
export type Item = Record<string, unknown>;

/** A change of one item, read from a DynamoDB stream record. */
export interface Change {
  readonly name: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: Item;
  /** Present when the stream's view type has it and the change is not a REMOVE. */
  readonly newImage?: Item;
  /** Present when the stream's view type has it and the change is not an INSERT. */
  readonly oldImage?: Item;
  /** True for a removal by time to live (the principal of the change is DynamoDB itself). */
  readonly expired: boolean;
}

/** A DynamoDB stream record as Lambda delivers it: DynamoDB JSON, binary values in base64. */
export interface StreamRecordJson {
  readonly eventID?: string;
  readonly eventName: Change['name'];
  readonly eventVersion?: string;
  readonly eventSource?: string;
  readonly awsRegion?: string;
  readonly dynamodb: {
    readonly ApproximateCreationDateTime?: number;
    readonly Keys: Record<string, unknown>;
    readonly NewImage?: Record<string, unknown>;
    readonly OldImage?: Record<string, unknown>;
    readonly SequenceNumber: string;
    readonly SizeBytes?: number;
    readonly StreamViewType?: string;
  };
  readonly userIdentity?: { readonly type?: string; readonly principalId?: string };
}

const CHANGE_NAMES: ReadonlySet<string> = new Set(['INSERT', 'MODIFY', 'REMOVE']);

/**
 * Reads a stream record in Lambda's JSON form.
 * @throws {UndecodableError} if it is not one
 */
export function readChange(json: StreamRecordJson): Change {
  const body = json?.dynamodb;
  if (body?.Keys === undefined || !CHANGE_NAMES.has(json.eventName)) {
    throw new UndecodableError(`Not a DynamoDB stream record: ${JSON.stringify(json)?.slice(0, 200)}`);
  }
  const { type, principalId } = json.userIdentity ?? {};
  return {
    name: json.eventName,
    keys: plainItem(body.Keys),
    ...(body.NewImage === undefined ? {} : { newImage: plainItem(body.NewImage) }),
    ...(body.OldImage === undefined ? {} : { oldImage: plainItem(body.OldImage) }),
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    expired: json.eventName === 'REMOVE' && type === 'Service' && principalId === 'dynamodb.amazonaws.com',
  };
}

function plainItem(attributes: Record<string, unknown>): Item {
  const decoded = decodeBinary(attributes) as Record<string, AttributeValue>;
  return unmarshall(decoded, { wrapNumbers: exactNumber });
}

/** A JavaScript number where it holds the decimal exactly, else a bigint for an integer, else the digits as they are. */
export function exactNumber(digits: string): number | bigint | string {
  const number = Number(digits);
  if (canonicalDecimal(String(number)) === canonicalDecimal(digits)) return number;
  return /^-?\d+$/.test(digits) ? BigInt(digits) : digits;
}

/** `digits` and `exponent` of a decimal, so that 1.50, 15e-1 and 1.5 come out the same. */
function canonicalDecimal(text: string): string {
  const match = /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text.replace(/^\+/, ''));
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - trimmed.length);
  return `${sign}${trimmed}e${power}`;
}

/** JSON has no bytes: the values of B and BS attributes are base64 in it, at any depth. */
function decodeBinary(attributes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, decodeAttribute(value)]));
}

function decodeAttribute(value: unknown): unknown {
  const [type = '', content] = Object.entries(value as Record<string, unknown>)[0] ?? [];
  switch (type) {
    case 'B':
      return { B: Buffer.from(content as string, 'base64') };
    case 'BS':
      return { BS: (content as string[]).map((text) => Buffer.from(text, 'base64')) };
    case 'L':
      return { L: (content as unknown[]).map(decodeAttribute) };
    case 'M':
      return { M: decodeBinary(content as Record<string, unknown>) };
    default:
      return value;
  }
}
