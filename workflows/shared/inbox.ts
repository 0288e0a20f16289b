/**
 * Where the signals of a host arrive. While the run recovers what a terminated run held, what arrives waits: it belongs
 * behind what that run was sent (O1). Afterwards it is applied at once, in the order of arrival.
 *
 * Owns what has arrived during recovery, and the run that is being recovered. What waits here is in no snapshot: whoever
 * recovers this run in turn reads it from its history (O4).
 */
import { log } from '@temporalio/workflow';
import type { EndedRun, RunSnapshot, StartedAfter } from '../../contracts/run.ts';
import { truePredecessor } from './recovery/predecessor.ts';
import { runSnapshot } from './recovery/snapshot.ts';
import type { Turns } from './turns.ts';

export interface InboxOptions {
  readonly turns: Turns;
  /** Is called for each signal, of which a run takes a limited number. */
  readonly onSignal: () => void;
  /** The run that this one was started to recover; it looks itself which one came before it. */
  readonly predecessor: EndedRun | undefined;
  readonly after: StartedAfter | undefined;
  /** The workflow never completes, so a run before this one was terminated, whatever can be learned of it. */
  readonly neverCompletes: boolean;
}

export class Inbox {
  readonly #options: InboxOptions;
  #predecessor: EndedRun | undefined;
  #waiting: (() => void)[] = [];
  #malformed = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#predecessor = options.predecessor;
  }

  /** The run that is being recovered; undefined once this run has what that one held. */
  get predecessor(): EndedRun | undefined {
    return this.#predecessor;
  }

  /** Takes a signal, and counts it. */
  signal(apply: () => void): void {
    this.#options.onSignal();
    this.take(apply);
  }

  /** Takes what did not come as a signal. `apply` changes the host's state now, or when it has been recovered. */
  take(apply: () => void): void {
    if (this.#predecessor === undefined) apply();
    else this.#waiting.push(apply);
    this.#options.turns.input();
  }

  /** A signal that could not be parsed changes nothing. It is counted as any other: the run's history has it. */
  malformed(name: string, signal: unknown, problem?: string): void {
    this.#malformed += 1;
    const why = problem === undefined ? {} : { problem };
    log.error(`Ignored a malformed \`${name}\` signal`, { signal, ...why, ignoredInThisRun: this.#malformed });
    this.signal(() => {});
  }

  /**
   * Recovers what a terminated run held, if there is one. What has arrived meanwhile is applied after that.
   * @param read gives the host what that run held
   */
  async recover(read: (ended: EndedRun) => Promise<void>): Promise<void> {
    const { after, neverCompletes, turns } = this.#options;
    const claimed = this.#predecessor;
    if (claimed === undefined) return;
    const found = await truePredecessor(claimed, after);
    const ended = found ?? (neverCompletes ? claimed : undefined);
    this.#predecessor = ended ?? claimed;
    if (ended !== undefined) await read(ended);
    this.#predecessor = undefined;
    for (const apply of this.#waiting.splice(0)) apply();
    turns.input();
  }

  /** A view says so while its run is still recovering. */
  inView<View extends object>(view: View): View & { readonly recovering?: EndedRun } {
    return this.#predecessor === undefined ? view : { ...view, recovering: this.#predecessor };
  }

  /** For a run that recovers this one: until this one has recovered, its own predecessor is read instead. */
  inSnapshot<State>(held: () => { readonly state: State; readonly items: number }): RunSnapshot<State> {
    return runSnapshot(this.#predecessor, held);
  }
}
