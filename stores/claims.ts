/**
 * The data of one pipeline's large events in a store.
 *
 * Invariants:
 * - claims.C1: an object belongs to one event of one lane, or to one record of the quarantine: its name consists of the
 *   position of the record, the digest of the data, and the key. So a record that is delivered again writes the same
 *   object; deleting the data of one event never deletes that of another; and a lane that gets another lane's record,
 *   because the key function was changed, does not delete that lane's data (O5).
 * - claims.C2: only the exact bytes that the source delivered are read as an event's data.
 * - claims.C3: a claim comes from a payload that anyone with access to Temporal can send; it can only name objects of
 *   its pipeline.
 */
import { createHash } from 'node:crypto';
import { previewOf } from '../contracts/event/data-codec.ts';
import type { Claim } from '../contracts/event/event.ts';
import type { Position } from '../contracts/event/position.ts';
import { DataGoneError } from './errors.ts';
import type { EventStore } from './store.ts';

export class Claims {
  readonly #store: EventStore;
  readonly #pipeline: string;

  constructor(store: EventStore, pipeline: string) {
    this.#store = store;
    this.#pipeline = pipeline;
  }

  /** The store's name in messages. */
  get place(): string {
    return this.#store.identity;
  }

  /** Resolves when the data is stored durably. */
  async write(claim: Claim, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#store.put(this.#checked(claim.name), bytes, signal);
  }

  /** @throws {StoreError} */
  async read(claim: Claim, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#store.get(this.#checked(claim.name), signal);
    if (digestOf(bytes) === claim.sha256) return bytes;
    const message = `${claim.name} in ${this.place} is not what was written: its digest differs`;
    throw new DataGoneError(this.place, message);
  }

  /** @param name of a claim */
  async delete(name: string, signal: AbortSignal): Promise<void> {
    await this.#store.delete(this.#checked(name), signal);
  }

  #checked(name: string): string {
    const parts = name.split('/');
    const isOurs = parts.length === 3 && parts[0] === this.#pipeline && parts.every((part) => PART.test(part));
    if (isOurs) return name;
    throw new DataGoneError(
      this.place,
      `${JSON.stringify(name)} is not the name of an event's data of ${this.#pipeline}`,
    );
  }
}

/** A part of a name; it can be neither hidden nor a parent folder. */
const PART = /^[A-Za-z0-9][\w.-]{0,250}$/;

/** Length of a key's digest in the name: enough to tell apart the keys of one record. */
const KEY_DIGEST_CHARS = 16;

/**
 * The claim for an event's data. Its name starts with the pipeline and the shard, so that it is easy to find:
 * `orders/shardId-000000000000/4958...-SHA256-KEY`.
 * @param key undefined for a record without one
 */
export function claimOf(pipeline: string, position: Position, key: string | undefined, bytes: Uint8Array): Claim {
  const { shardId, sequenceNumber, subSequenceNumber } = position;
  const place = subSequenceNumber === undefined ? sequenceNumber : `${sequenceNumber}.${subSequenceNumber}`;
  const sha256 = digestOf(bytes);
  const lane = key === undefined ? '' : `-${digestOf(key).slice(0, KEY_DIGEST_CHARS)}`;
  return { name: `${pipeline}/${shardId}/${place}-${sha256}${lane}`, sha256, preview: previewOf(bytes) };
}

function digestOf(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
