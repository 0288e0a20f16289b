/**
 * Notices a key whose records come from two shards that are read at the same time, and says so once. The source gives no
 * order between such shards; the lane runs the key's events one after the other all the same, as they were read.
 *
 * A child is read only after its parents have been taken over whole (O2), so shards that are read at the same time are
 * strangers by lineage: no graph is needed here.
 *
 * Owns which shards are being read in this process, and a bounded memory of where keys were seen last. What another
 * process reads is not known here, and a key that is seen seldom is forgotten: this finds a habit, not each case.
 */
import type { Logger } from 'pino';
import { PROMISE } from '../read/route-record.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';

/** Longer keys are passed over, so that memory stays bounded. */
const LONGEST_KEY = 256;

export class KeyWatch {
  readonly #log: Logger;
  /** Readers by shard: two may overlap. */
  readonly #read = new Map<string, number>();
  readonly #shardOf = new RecentMap();
  #told = false;
  #toldOfPromise = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Notes that the shards are being read, until the function that it returns is called. */
  begin(shardIds: readonly string[]): () => void {
    for (const shardId of shardIds) this.#read.set(shardId, (this.#read.get(shardId) ?? 0) + 1);
    return () => {
      for (const shardId of shardIds) {
        const left = (this.#read.get(shardId) ?? 0) - 1;
        if (left > 0) this.#read.set(shardId, left);
        else this.#read.delete(shardId);
      }
    };
  }

  /** A record has no key, for this reason. That a key function is asynchronous is a mistake in the settings, so it is told at once. */
  keyless(reason: string): void {
    if (this.#toldOfPromise || !reason.endsWith(PROMISE)) return;
    this.#toldOfPromise = true;
    this.#log.error(
      'the key function returns a promise, and nobody waits for it: its records go to the quarantine, where nothing of them ' +
        'is lost. Let it return the key itself, restart the bridge, then bring them to their lanes with ' +
        '`keylane quarantine retry --all`. Further records are not told',
    );
  }

  see(key: string, shardId: string): void {
    if (this.#told || key.length > LONGEST_KEY) return;
    const before = this.#shardOf.get(key);
    if (before === shardId) return;
    this.#shardOf.set(key, shardId);
    if (before === undefined || !this.#read.has(before)) return;
    this.#told = true;
    this.#shardOf.clear();
    this.#log.warn(
      { key, shards: [before, shardId] },
      `key ${JSON.stringify(key)} comes from two shards at the same time, ${before} and ${shardId}: the source has no ` +
        'order between them. Its events run one after the other, as they are read. Explicit hash keys do that, and a ' +
        'key function that joins several partition keys; write what needs an order under one partition key. Further ' +
        'keys are not told.',
    );
  }
}
