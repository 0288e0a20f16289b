/**
 * Tracks how far one shard has been accepted by lanes, while its records are accepted in any order.
 *
 * Owns the positions between the checkpoint and the newest one taken; knows nothing about records, lanes or time.
 *
 * Invariants:
 * - tracker.T1: the checkpoint is the highest position such that it and everything before it is done (O4). It never
 *   moves back.
 * - tracker.T2: neighbours that are done are merged into one, so the list holds at most two entries for each position
 *   that is not done. While one record waits for hours, the records that pass it cost no memory (O9).
 */
import { comparePositions, formatPosition, type Position } from '../../contracts/event/position.ts';

/** One position until it is done. Opaque to all code but the tracker that returned it. */
export interface TrackedPosition {
  readonly position: Position;
  done: boolean;
  previous: TrackedPosition | undefined;
  next: TrackedPosition | undefined;
}

export class CheckpointTracker {
  #checkpoint: Position | undefined;
  #first: TrackedPosition | undefined;
  #last: TrackedPosition | undefined;
  #newest: Position | undefined;

  /** @param start the checkpoint of the shard's previous reader */
  constructor(start?: Position) {
    this.#checkpoint = start;
    this.#newest = start;
  }

  get checkpoint(): Position | undefined {
    return this.#checkpoint;
  }

  /** The last position that was taken, or the start. */
  get newest(): Position | undefined {
    return this.#newest;
  }

  /** True when everything that was taken is done. */
  get drained(): boolean {
    return this.#first === undefined;
  }

  /**
   * Adds a record that was read, in the shard's order.
   * @throws {RangeError} if the position is not after the one before: continuing would lose records
   */
  take(position: Position): TrackedPosition {
    if (this.#newest !== undefined && comparePositions(position, this.#newest) <= 0) {
      throw new RangeError(
        `The source returned record ${formatPosition(position)} after ${formatPosition(this.#newest)}: a shard's ` +
          'records must come in ascending order. Reading restarts at the checkpoint.',
      );
    }
    this.#newest = position;
    const tracked: TrackedPosition = { position, done: false, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = tracked;
    else this.#last.next = tracked;
    this.#last = tracked;
    return tracked;
  }

  /** Marks a record as accepted, in any order; a second call changes nothing. */
  done(tracked: TrackedPosition): void {
    if (tracked.done) return;
    tracked.done = true;
    // Of two neighbours that are done, the later one stands for both (T2).
    if (tracked.previous?.done === true) this.#remove(tracked.previous);
    const latest = tracked.next?.done === true ? tracked.next : tracked;
    if (latest !== tracked) this.#remove(tracked);
    if (latest !== this.#first) return;
    this.#checkpoint = latest.position;
    this.#remove(latest);
  }

  #remove(tracked: TrackedPosition): void {
    const { previous, next } = tracked;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
  }
}
