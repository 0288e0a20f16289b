/**
 * Lets a host forget the marks that the durable checkpoints have passed (O6, rule 1).
 *
 * Owns nothing. The pipeline is asked for its checkpoints, and meanwhile more may arrive: so what is given back is a change,
 * which the host applies to its state as it is then.
 */
import { forgetOldMarks, marksAhead, type DedupState, type PersistentDedupState } from './marks.ts';
import { askForCheckpoints } from './questions.ts';

/** What is left to remember of a state. */
export type Forgetting = (memory: PersistentDedupState) => PersistentDedupState;

export class MarkPruner {
  readonly #pipeline: string;
  readonly #leaseMarginMs: number;
  readonly #maxCarried: number;

  /** @param maxCarried marks that a run carries on without asking whether some can be forgotten */
  constructor(pipeline: string, { leaseMarginMs, maxCarried }: { leaseMarginMs: number; maxCarried: number }) {
    this.#pipeline = pipeline;
    this.#leaseMarginMs = leaseMarginMs;
    this.#maxCarried = maxCarried;
  }

  /**
   * All that the checkpoints have passed. Only for a host that has been idle: nothing that was sent before can still be on
   * its way. Undefined when the checkpoints are not known.
   */
  async forgetPassed({ marks }: DedupState): Promise<Forgetting | undefined> {
    const checkpoints = await askForCheckpoints(this.#pipeline, Object.keys(marks));
    if (checkpoints === undefined) return undefined;
    return (memory) => remembering(memory, { marks: marksAhead(memory.marks, checkpoints), behindSince: {} });
  }

  /** Of many marks, those that the checkpoints passed longer ago than any request lives. */
  async forgetOld({ marks }: DedupState): Promise<Forgetting> {
    const shardIds = Object.keys(marks);
    if (shardIds.length <= this.#maxCarried) return memoryOf;
    const checkpoints = await askForCheckpoints(this.#pipeline, shardIds);
    if (checkpoints === undefined) return memoryOf;
    return (memory) => remembering(memory, forgetOldMarks(memory, checkpoints, Date.now(), 2 * this.#leaseMarginMs));
  }
}

/** What a state that holds more remembers. */
export function memoryOf({ behindSince, marks, remembersSince }: PersistentDedupState): PersistentDedupState {
  return { marks, behindSince, remembersSince };
}

function remembering(before: PersistentDedupState, { behindSince, marks }: DedupState): PersistentDedupState {
  const forgets = Object.keys(marks).length < Object.keys(before.marks).length;
  return { marks, behindSince, remembersSince: forgets ? Date.now() : before.remembersSince };
}
