export interface LogEntry {
  readonly sequence: bigint;
  /** When it was written by the fake's clock: the trim goes by that. */
  readonly storedAt: number;
  /** What readers are told. A test may give another time than that of the clock: AWS calls it approximate. */
  readonly arrivedAt: number;
  /** Bytes that count against the limits of a page. */
  readonly size: number;
}

/** Entries are cut off the array only when so many of them are trimmed: cutting copies what remains. */
const CUT_AT = 1024;

/**
 * The records of one shard, in order. A place is the number of records written before it since the shard began, so a
 * place stays valid when records are trimmed.
 */
export class ShardLog<T extends LogEntry> {
  #entries: T[] = [];
  /** Place of `#entries[0]`. */
  #base = 0;
  #horizon = 0;
  #lastTrimmed: bigint | undefined;

  /** Place of the oldest record that is still there. */
  get horizon(): number {
    return this.#horizon;
  }

  /** Place behind the newest record. */
  get end(): number {
    return this.#base + this.#entries.length;
  }

  append(entry: T): void {
    this.#entries.push(entry);
  }

  /** Drops what was stored before `time`. */
  trim(time: number): void {
    for (let oldest = this.at(this.#horizon); oldest !== undefined && oldest.storedAt < time;) {
      this.#lastTrimmed = oldest.sequence;
      this.#horizon += 1;
      oldest = this.at(this.#horizon);
    }
    if (this.#horizon - this.#base < CUT_AT) return;
    this.#entries = this.#entries.slice(this.#horizon - this.#base);
    this.#base = this.#horizon;
  }

  isTrimmed(sequence: bigint): boolean {
    return this.#lastTrimmed !== undefined && sequence <= this.#lastTrimmed;
  }

  at(place: number): T | undefined {
    return this.#entries[place - this.#base];
  }

  /** The first place with this sequence number or a larger one. */
  placeOf(sequence: bigint): number {
    let [low, high] = [this.#horizon, this.end];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle)!.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first place that says to have arrived at or after `time`. */
  placeAt(time: number): number {
    let place = this.#horizon;
    while (place < this.end && this.at(place)!.arrivedAt < time) place += 1;
    return place;
  }

  /** Records from `place` on: one at least if there is one, else as many as the limits allow. */
  page(place: number, maxCount: number, maxBytes: number): T[] {
    const page: T[] = [];
    let bytes = 0;
    for (let at = Math.max(place, this.#horizon); at < this.end && page.length < maxCount; at += 1) {
      const entry = this.at(at)!;
      bytes += entry.size;
      if (bytes > maxBytes && page.length > 0) break;
      page.push(entry);
    }
    return page;
  }
}
