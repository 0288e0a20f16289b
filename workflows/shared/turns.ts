/**
 * Decides when the loop of a host takes another turn: when there is something to do AND something has come in since the turn
 * before began. News is an edge, not a level. A turn is deterministic, so one that is taken again with the same inputs does
 * the same again: it would go round for ever within one workflow task, and that workflow would never do anything else.
 *
 * Owns the count of inputs. Each of them calls {@link Turns.input}: a signal, an update, a timer that fired, work that ended, the
 * result of a child or of an activity that a turn has waited for. The history of a run grows without any of these, for example
 * by an update that is rejected; that it has passed a bound is therefore an input too, once for each bound.
 *
 * A host that finds something to do although nothing came in has a bug, or waits for what it has not been told of. It takes
 * its next turn after a pause then, which doubles: so it neither spins nor stands still, and its log says so.
 */
import { condition, log } from '@temporalio/workflow';
import { TURNED_WITHOUT_INPUT } from './turned.ts';

/** How near the run is to its end: it should continue as new when it is long, whatever runs then, when that is pressing. */
export type RunStage = 'short' | 'long' | 'pressing';

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

export class Turns {
  /** The start of the run is the first one. */
  #inputs = 1;
  /** How many of them the present turn has seen. */
  #seen = 1;
  #pauseMs = FIRST_PAUSE_MS;
  /** The stage of the run at the last turn. */
  #stage: RunStage = 'short';

  /** Something came in. To be called with or after the change of state that the loop looks at. */
  input(): void {
    this.#inputs += 1;
  }

  /**
   * To be called when there is something to do again, before the next turn: returns false when nothing came in since the last one
   * began, and the host has to {@link pause}. What came in while that turn was waiting for something counts.
   */
  begin(stage: RunStage): boolean {
    const hasInput = this.#inputs !== this.#seen || stage !== this.#stage;
    this.#seen = this.#inputs;
    this.#stage = stage;
    if (hasInput) this.#pauseMs = FIRST_PAUSE_MS;
    return hasInput;
  }

  /** Resolves when something comes in, or after a while. */
  async pause(): Promise<void> {
    const pauseMs = this.#pauseMs;
    log.error(TURNED_WITHOUT_INPUT, { pauseMs });
    this.#pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    await condition(() => this.#inputs !== this.#seen, pauseMs);
    this.#seen = this.#inputs;
  }
}
