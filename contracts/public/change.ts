import { UndecodableError } from './errors.ts';
import { truncate } from '../../lib/pure/text.ts';

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

/** Of what is shown of something that cannot be decoded. */
const SHOWN_CHARS = 200;

const CHANGE_NAMES: ReadonlySet<string> = new Set(['INSERT', 'MODIFY', 'REMOVE']);

/**
 * Reads a stream record in Lambda's JSON form.
 * @throws {UndecodableError} if it is not one
 */
export function readChange(json: StreamRecordJson): Change {
  const body = json?.dynamodb;
  if (body?.Keys === undefined || !CHANGE_NAMES.has(json.eventName)) {
    throw new UndecodableError(`Not a DynamoDB stream record: ${shown(json)}`);
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

/** Names come from outside: `Object.fromEntries` makes a field of each, `__proto__` too, where an assignment would not. */
function plainItem(attributes: unknown): Item {
  return Object.fromEntries(Object.entries(objectIn(attributes)).map(([name, value]) => [name, plainValue(value)]));
}

/** JSON has no bytes: the values of B and BS attributes are base64 in it, at any depth. */
function plainValue(attribute: unknown): unknown {
  const [[type, value] = ['M', {}]] = Object.entries(objectIn(attribute));
  switch (type) {
    case 'S':
      return textIn(value);
    case 'N':
      return exactNumber(textIn(value));
    case 'B':
      return bytesIn(value);
    case 'BOOL':
      return value === true;
    case 'NULL':
      return null;
    case 'L':
      return listIn(value).map(plainValue);
    case 'M':
      return plainItem(value);
    case 'SS':
      return new Set(listIn(value).map(textIn));
    case 'NS':
      return new Set(listIn(value).map((each) => exactNumber(textIn(each))));
    case 'BS':
      return new Set(listIn(value).map(bytesIn));
    default:
      throw new UndecodableError(`Not a type of DynamoDB's: ${truncate(type, SHOWN_CHARS)}`);
  }
}

function bytesIn(value: unknown): Buffer {
  return Buffer.from(textIn(value), 'base64');
}

function textIn(value: unknown): string {
  if (typeof value === 'string') return value;
  throw unlike('a text', value);
}

function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unlike('a list', value);
}

function objectIn(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw unlike('an object', value);
}

function unlike(wanted: string, value: unknown): UndecodableError {
  return new UndecodableError(`A DynamoDB stream record has ${shown(value)} where ${wanted} should be`);
}

function shown(value: unknown): string {
  return truncate(JSON.stringify(value) ?? String(value), SHOWN_CHARS);
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
