import { readChange, type Change } from './change.ts';
import { UndecodableError } from './errors.ts';
import type { SourceKind } from '../event/event.ts';
import { formatPosition, type Position } from '../event/position.ts';

const UTF8 = new TextDecoder();

export interface RecordFields {
  readonly source: SourceKind;
  readonly position: Position;
  /** ms since 1970 */
  readonly arrivedAt: number;
  readonly data: Uint8Array;
}

/** A record as user code sees it: in the key function, and with its key as the handler's event. */
export class StreamRecord {
  readonly position: Position;
  readonly arrivedAt: Date;
  /**
   * A plain Uint8Array with a buffer of its own. Kinesis: the bytes that the producer wrote. DynamoDB Streams: the stream record as JSON, in the form that Lambda
   * functions know (`eventName`, `dynamodb.NewImage` and so on); {@link change} is the same, easier to read.
   */
  readonly data: Uint8Array;
  readonly #source: SourceKind;
  #change: Change | undefined;

  constructor(fields: RecordFields) {
    this.position = fields.position;
    this.arrivedAt = new Date(fields.arrivedAt);
    // Its own bytes: of a pooled Buffer, `data.buffer` would show other records, and a write would change this one.
    this.data = new Uint8Array(fields.data);
    this.#source = fields.source;
  }

  /** The data as UTF-8 text. */
  text(): string {
    return UTF8.decode(this.data);
  }

  /**
   * The data parsed as JSON.
   * @throws {UndecodableError} if it is not JSON
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- user code knows the shape of its own events
  json(): any {
    try {
      return JSON.parse(this.text());
    } catch (error) {
      const where = formatPosition(this.position);
      throw new UndecodableError(`The data of record ${where} is not JSON: ${String(error)}`, { cause: error });
    }
  }

  /** What changed in the item, for a record from DynamoDB Streams; undefined for any other. */
  get change(): Change | undefined {
    if (this.#source !== 'dynamodb') return undefined;
    this.#change ??= readChange(this.json());
    return this.#change;
  }
}

/** What a handler gets: a record with its key. */
export class HandlerEvent extends StreamRecord {
  readonly key: string;

  constructor(fields: RecordFields & { readonly key: string }) {
    super(fields);
    this.key = fields.key;
  }
}

/** What a key function gets. */
export class KeyableRecord extends StreamRecord {
  /** Kinesis: the partition key. DynamoDB Streams: the item's key in canonical form. */
  readonly partitionKey: string;

  constructor(fields: RecordFields & { readonly partitionKey: string }) {
    super(fields);
    this.partitionKey = fields.partitionKey;
  }
}
