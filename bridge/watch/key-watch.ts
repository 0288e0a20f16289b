/**
 * Notices a key whose records come from two shards that are read at the same time, and logs that once. The source gives
 * no order between such shards; the lane still processes the key's events one after the other, as they were read.
 *
 * A child is read only after its parents are finished (O2), so shards that are read at the same time are not related by
 * lineage: no graph is needed here.
 *
 * Owns which shards are being read in this process, and a bounded memory of where keys were seen last. Shards of other
 * processes are not known here, and rare keys are forgotten: this finds a pattern, not every case.
 */
import type { Logger } from 'pino';
import { PROMISE } from '../read/route-record.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';

/** Longer keys are ignored, so that memory stays bounded. */
const MAX_KEY_CHARS = 256;

export class KeyWatch {
  readonly #log: Logger;
  /** Number of readers by shard: two may overlap. */
  readonly #read = new Map<string, number>();
  readonly #shardOf = new RecentMap();
  #warned = false;
  #warnedOfPromise = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Counts the shards as being read, until the returned function is called. */
  startReading(shardIds: readonly string[]): () => void {
    for (const shardId of shardIds) this.#read.set(shardId, (this.#read.get(shardId) ?? 0) + 1);
    return () => {
      for (const shardId of shardIds) {
        const remaining = (this.#read.get(shardId) ?? 0) - 1;
        if (remaining > 0) this.#read.set(shardId, remaining);
        else this.#read.delete(shardId);
      }
    };
  }

  /**
   * A record has no key, for this reason. An asynchronous key function is a mistake in the settings, so it is logged at
   * once.
   */
  recordWithoutKey(reason: string): void {
    if (this.#warnedOfPromise || !reason.endsWith(PROMISE)) return;
    this.#warnedOfPromise = true;
    this.#log.error(
      'The key function returns a promise, which is not awaited: records go to the quarantine, where nothing is lost. ' +
        'Let it return the key itself, restart the bridge, then send the records to their lanes with ' +
        '`keylane quarantine retry --all`. Further records are not logged',
    );
  }

  recordKey(key: string, shardId: string): void {
    if (this.#warned || key.length > MAX_KEY_CHARS) return;
    const before = this.#shardOf.get(key);
    if (before === shardId) return;
    this.#shardOf.set(key, shardId);
    if (before === undefined || !this.#read.has(before)) return;
    this.#warned = true;
    this.#shardOf.clear();
    this.#log.warn(
      { key, shards: [before, shardId] },
      `Key ${JSON.stringify(key)} comes from two shards at the same time, ${before} and ${shardId}: the source has no ` +
        'order between them. Its events are processed one after the other, as they are read. Causes are explicit hash ' +
        'keys, or a key function that joins several partition keys; write records that need an order under one ' +
        'partition key. Further keys are not logged.',
    );
  }
}
