/**
 * Recovers what a terminated run of this workflow held (O5): its state as of its last workflow task, then its items, then the
 * signals that no workflow task of it has processed, each in their order (O1). The same for lanes, pools and quarantines: a host
 * says how to parse these, and how they are put together.
 *
 * Invariants:
 * recovery.1 What cannot be read is marked as lost, and everything else is recovered all the same (O5).
 * recovery.2 It depends on nothing but the answers, and changes nothing in Temporal by itself: a run that is terminated while it
 *            recovers is recovered from the same predecessor and from its own history.
 */
import { log } from '@temporalio/workflow';
import type { StateParsers } from '../../../contracts/recovery/parse.ts';
import type { EndedRun, HistoryPlace } from '../../../contracts/run.ts';
import type { Parsed } from '../../../lib/pure/shape.ts';
import { readItems, readSnapshot, readUnseenSignals, type Unreadable } from './read-run.ts';

/** How a host parses what a terminated run held, and puts it together. */
export interface Recovery<State, Item, Signal, Recovered> {
  /** Names the host in the message about a loss: `This lane`. */
  readonly subject: string;
  /** What a loss may mean. */
  readonly consequence: string;
  readonly parse: StateParsers<State, Item> & { signal(value: unknown): Parsed<Signal> };
  /** Nothing is known of the run, or it never held anything. */
  empty(): Recovered;
  /** The state without its items. */
  begin(state: State, run: EndedRun): Recovered;
  addItems(recovered: Recovered, items: readonly Item[]): Promise<Recovered> | Recovered;
  addSignals(recovered: Recovered, signals: readonly Signal[]): Promise<Recovered> | Recovered;
  /** @param message for the operator */
  markLost(recovered: Recovered, message: string): Recovered;
}

export async function recoverRun<State, Item, Signal, Recovered>(
  run: EndedRun,
  recovery: Recovery<State, Item, Signal, Recovered>,
): Promise<Recovered> {
  return await new RunRecovery(run, recovery).recover();
}

class RunRecovery<State, Item, Signal, Recovered> {
  readonly #run: EndedRun;
  readonly #recovery: Recovery<State, Item, Signal, Recovered>;

  constructor(run: EndedRun, recovery: Recovery<State, Item, Signal, Recovered>) {
    this.#run = run;
    this.#recovery = recovery;
  }

  async recover(): Promise<Recovered> {
    const recovery = this.#recovery;
    const held = await readSnapshot(this.#run, recovery.parse);
    switch (held.kind) {
      case 'unreadable':
        return this.#markLost(recovery.empty(), 'What it held', held);
      case 'nothing':
        return await this.#withSignals(recovery.empty(), held.unseen);
      case 'recovering':
        return await this.#withSignals(await recoverRun(held.predecessor, recovery), held.unseen);
      case 'state': {
        const whole = await this.#withItems(recovery.begin(held.state, this.#run), held.items);
        return await this.#withSignals(whole, held.unseen);
      }
    }
  }

  async #withItems(before: Recovered, count: number): Promise<Recovered> {
    let recovered = before;
    for (let from = 0; from < count;) {
      const page = await readItems(this.#run, this.#recovery.parse, from);
      if (page.kind === 'unreadable') return this.#markLost(recovered, 'Some of what it held', page);
      recovered = await this.#recovery.addItems(recovered, page.items);
      from += page.items.length;
    }
    return recovered;
  }

  async #withSignals(before: Recovered, unseen: HistoryPlace): Promise<Recovered> {
    let recovered = before;
    for (let from: HistoryPlace | null = unseen; from !== null;) {
      const page = await readUnseenSignals(this.#run, from);
      if (page.kind === 'unreadable') return this.#markLost(recovered, 'Some of what it was sent', page);
      const signals = page.signals.flatMap((signal) => this.#parseSignal(signal));
      recovered = await this.#recovery.addSignals(recovered, signals);
      from = page.next;
    }
    return recovered;
  }

  /** Anybody can send a signal. One that is malformed holds nothing that could be kept in order. */
  #parseSignal(value: unknown): Signal[] {
    const parsed = this.#recovery.parse.signal(value);
    if ('value' in parsed) return [parsed.value];
    const { runId } = this.#run;
    log.error('Ignored a malformed `records` signal of a terminated run', { problem: parsed.problem, runId });
    return [];
  }

  #markLost(recovered: Recovered, what: string, { why }: Unreadable): Recovered {
    const { at, how, runId } = this.#run;
    const { subject, consequence } = this.#recovery;
    const when = new Date(at).toISOString();
    const closed = `${subject} was terminated externally (${how} at ${when}, run ${runId}).`;
    return this.#recovery.markLost(recovered, `${closed} ${what} could not be read: ${why}. ${consequence}`);
  }
}
