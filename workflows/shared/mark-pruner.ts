import type { LaneInput } from '../../contracts/lane/messages.ts';
import type { LaneCell } from '../lane/backlog-spiller.ts';
import { forgetOldMarks, marksAhead, type PersistentDedupState, type DedupState } from './marks.ts';
import { askForCheckpoints } from './questions.ts';

/** Marks that a run carries on without asking whether some can be forgotten. */
const MARKS_CARRIED = 16;

/** Lets a lane forget the marks that the durable checkpoints have passed (O6, rule 1). Owns nothing: they are in its state. */
export class MarkPruner {
  readonly #pipeline: string;
  readonly #leaseMarginMs: number;

  constructor({ pipeline, options }: LaneInput) {
    this.#pipeline = pipeline;
    this.#leaseMarginMs = options.leaseMarginMs;
  }

  /** True when none is left. Only for a lane that has been idle: nothing that was sent before can still be on its way. */
  async forget(cell: LaneCell): Promise<boolean> {
    const checkpoints = await askForCheckpoints(this.#pipeline, Object.keys(cell.lane.marks));
    if (checkpoints === undefined) return false;
    const left = { marks: marksAhead(cell.lane.marks, checkpoints), behindSince: {} };
    cell.lane = { ...cell.lane, ...remembering(cell.lane, left) };
    return Object.keys(cell.lane.marks).length === 0;
  }

  /** Of many marks, in a lane that is at work: only those that have been behind for longer than any request lives. */
  async forgetOld(cell: LaneCell): Promise<void> {
    if (Object.keys(cell.lane.marks).length <= MARKS_CARRIED) return;
    const memory = await withoutOldMarks(this.#pipeline, () => cell.lane, this.#leaseMarginMs);
    cell.lane = { ...cell.lane, ...memory };
  }
}

/**
 * Forgets the marks that have been behind the durable checkpoints for longer than any request lives, as far as these can be
 * learned. What comes meanwhile is remembered: `memory` is asked for again.
 */
export async function withoutOldMarks(
  pipeline: string,
  memory: () => PersistentDedupState,
  leaseMarginMs: number,
): Promise<PersistentDedupState> {
  const checkpoints = await askForCheckpoints(pipeline, Object.keys(memory().marks));
  if (checkpoints === undefined) return memoryOf(memory());
  return remembering(memory(), forgetOldMarks(memory(), checkpoints, Date.now(), 2 * leaseMarginMs));
}

/** Of a state that holds more. */
export function memoryOf({ behindSince, marks, remembersSince }: PersistentDedupState): PersistentDedupState {
  return { marks, behindSince, remembersSince };
}

function remembering(before: PersistentDedupState, { behindSince, marks }: DedupState): PersistentDedupState {
  const forgets = Object.keys(marks).length < Object.keys(before.marks).length;
  return { marks, behindSince, remembersSince: forgets ? Date.now() : before.remembersSince };
}
