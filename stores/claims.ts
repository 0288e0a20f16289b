/**
 * The data of one pipeline's large events in a store.
 *
 * Invariants:
 * - C1: an object belongs to one event of one lane, or to one record of the quarantine: its name is made of where the record
 *   stands, of the digest of the data, and of the key. So a record that is handed over again writes the same object; what is
 *   deleted for one event is no other's, whatever the data; and a lane that is sent what another one has, by a key function
 *   that was changed, deletes nothing of that (O5).
 * - C2: nothing is read as an event's data that is not the very bytes that its source delivered.
 * - C3: a claim comes out of a payload that anybody with access to Temporal can send; it leads to nothing but objects of
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

  /** For people. */
  get place(): string {
    return this.#store.identity;
  }

  /** Resolves when the data is there for good. */
  async write(claim: Claim, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#store.put(this.#checked(claim.name), bytes, signal);
  }

  /** @throws {StoreError} */
  async read(claim: Claim, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#store.get(this.#checked(claim.name), signal);
    if (digestOf(bytes) === claim.sha256) return bytes;
    const message = `${claim.name} in ${this.place} is not what was written: its digest is another one`;
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
    throw new DataGoneError(this.place, `${JSON.stringify(name)} is no name of an event's data of ${this.#pipeline}`);
  }
}

/** No part of a name leads up or is hidden. */
const PART = /^[A-Za-z0-9][\w.-]{0,250}$/;

/** Of the digest of a key: enough to tell the keys of one record from one another. */
const KEY_DIGEST_CHARS = 16;

/**
 * Under the pipeline and the shard, so that people find what they look for: `orders/shardId-000000000000/4958...-SHA256-KEY`.
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
