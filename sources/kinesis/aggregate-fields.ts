/** The part of protocol buffers' wire format that an aggregated record can contain. */

/** Thrown when bytes are malformed. The caller decides what that means. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** The prefix of a field: its number in the upper bits, its wire type in the lower three. */
type Tag = number;

interface Field {
  readonly tag: Tag;
  /** The value of a varint, else 0. Rounded from 2 to the power of 53 on, far above any index. */
  readonly number: number;
  /** The content of a field with a length, else empty. A view of the message's bytes. */
  readonly bytes: Uint8Array;
}

const WIRE = { varint: 0, fixed64: 1, withLength: 2, fixed32: 5 } as const;
const FIXED_SIZES: ReadonlyMap<number, number> = new Map([
  [WIRE.fixed64, 8],
  [WIRE.fixed32, 4],
]);
const MAX_VARINT_BYTES = 10;
const MAX_TAG = 2 ** 32 - 1;
const EMPTY = new Uint8Array();

export function varintTag(field: number): Tag {
  return field * 8 + WIRE.varint;
}

export function lengthTag(field: number): Tag {
  return field * 8 + WIRE.withLength;
}

/**
 * The fields of a message in their order, unknown ones included.
 * @throws {MalformedError} groups count as malformed: they were deprecated before aggregation existed
 */
export function* readFields(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message);
  while (!reader.atEnd) {
    const tag = reader.varint();
    if (tag < 8 || tag > MAX_TAG) throw new MalformedError(`No field has the tag ${tag}`);
    yield readValue(reader, tag);
  }
}

function readValue(reader: Reader, tag: Tag): Field {
  const wire = tag % 8;
  if (wire === WIRE.varint) return { tag, number: reader.varint(), bytes: EMPTY };
  if (wire === WIRE.withLength) return { tag, number: 0, bytes: reader.take(reader.varint()) };
  const size = FIXED_SIZES.get(wire);
  if (size === undefined) throw new MalformedError(`Wire type ${wire} is not known`);
  reader.take(size);
  return { tag, number: 0, bytes: EMPTY };
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at)
      throw new MalformedError(`A field of ${length} bytes is longer than the message`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A number of up to 64 bits. Not with bit operations, which are limited to 32. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new MalformedError('The message ends within a number');
      this.#at += 1;
      // The tenth byte holds only the 64th bit.
      if (index === MAX_VARINT_BYTES - 1 && byte > 1) break;
      value += (byte % 128) * 2 ** (7 * index);
      if (byte < 128) return value;
    }
    throw new MalformedError('A number has more than 64 bits');
  }
}
