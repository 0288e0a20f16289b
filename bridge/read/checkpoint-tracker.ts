/**
 * How far one shard has been taken over, while its records are taken over in any order.
 *
 * Owns the positions between the checkpoint and the newest one taken; knows nothing of records, lanes or time.
 *
 * Invariants:
 * - T1: the checkpoint is the highest position such that it and everything before it is done (O4). It never moves back.
 * - T2: neighbours that are done are kept as one, so the list holds at most two entries for each position that is not
 *   done. One record that waits for hours costs no memory for those that pass it (O9).
 */
import { comparePositions, formatPosition, type Position } from '../../contracts/event/position.ts';

/** Stands for one position until it is done. Opaque to everybody but the tracker that gave it out. */
export interface Ticket {
  readonly position: Position;
  done: boolean;
  previous: Ticket | undefined;
  next: Ticket | undefined;
}

export class CheckpointTracker {
  #checkpoint: Position | undefined;
  #first: Ticket | undefined;
  #last: Ticket | undefined;
  #newest: Position | undefined;

  /** @param start the checkpoint of whoever read the shard before */
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
   * Notes a record that was read, in the shard's order.
   * @throws {RangeError} if the position is not beyond the one before: going on would lose records
   */
  take(position: Position): Ticket {
    if (this.#newest !== undefined && comparePositions(position, this.#newest) <= 0) {
      throw new RangeError(
        `The source returned record ${formatPosition(position)} after ${formatPosition(this.#newest)}: a shard's ` +
          'records must come in ascending order. Reading begins again at the checkpoint.',
      );
    }
    this.#newest = position;
    const ticket: Ticket = { position, done: false, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = ticket;
    else this.#last.next = ticket;
    this.#last = ticket;
    return ticket;
  }

  /** Notes that a record was taken over. In any order; a second time changes nothing. */
  done(ticket: Ticket): void {
    if (ticket.done) return;
    ticket.done = true;
    // Of two neighbours that are done, the later one stands for both (T2).
    if (ticket.previous?.done === true) this.#remove(ticket.previous);
    const latest = ticket.next?.done === true ? ticket.next : ticket;
    if (latest !== ticket) this.#remove(ticket);
    if (latest !== this.#first) return;
    this.#checkpoint = latest.position;
    this.#remove(latest);
  }

  #remove(ticket: Ticket): void {
    const { previous, next } = ticket;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
  }
}
