import type { LaneInput, LaneState } from '../../contracts/lane.ts';
import type { LaneCell } from './backlog-keeper.ts';
import { forgetOldMarks, marksAhead } from './marks.ts';
import { askForCheckpoints } from './questions.ts';

/** Marks that a run carries on without asking whether some can be forgotten. */
const MARKS_CARRIED = 16;

/** Lets a lane forget the marks that the durable checkpoints have passed (O6, rule 1). Owns nothing: they are in its state. */
export class MarkKeeper {
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
    remember(cell, { marks: marksAhead(cell.lane.marks, checkpoints), behindSince: {} });
    return Object.keys(cell.lane.marks).length === 0;
  }

  /** Of many marks, in a lane that is at work: only those that have been behind for longer than any request lives. */
  async forgetOld(cell: LaneCell): Promise<void> {
    const shardIds = Object.keys(cell.lane.marks);
    if (shardIds.length <= MARKS_CARRIED) return;
    const checkpoints = await askForCheckpoints(this.#pipeline, shardIds);
    if (checkpoints === undefined) return;
    remember(cell, forgetOldMarks(cell.lane, checkpoints, Date.now(), 2 * this.#leaseMarginMs));
  }
}

function remember(cell: LaneCell, memory: Pick<LaneState, 'marks' | 'behindSince'>): void {
  const forgets = Object.keys(memory.marks).length < Object.keys(cell.lane.marks).length;
  cell.lane = { ...cell.lane, ...memory, ...(forgets ? { remembersSince: Date.now() } : {}) };
}
