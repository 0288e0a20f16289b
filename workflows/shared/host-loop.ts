/**
 * The loop that every host of a workflow runs in: lane, pool, quarantine and pipeline.
 *
 * A host owns its state. What happens beside the loop (signals, timers, activities and child workflows that end) is
 * recorded by whoever waits for it, and the loop takes it in at its next turn: so only the host assigns its state, and
 * each step may rely on what the step before it has left.
 *
 * Invariants:
 * loop.1 Steps run one after the other, in the order of {@link Host}, and a turn ends before the next one begins.
 * loop.2 A turn is taken only for an input: see {@link Turns}. The loop cannot spin.
 * loop.3 Nothing else in a host calls these steps.
 */
import { condition } from '@temporalio/workflow';
import type { RunStage, Turns } from './turns.ts';

export interface Host {
  readonly turns: Turns;
  /** How near the run is to its end. */
  readonly stage: RunStage;
  /** Takes over what a terminated run held, before the first turn. */
  recover(): Promise<void>;
  /** Takes in what has ended since the last turn. */
  settle(): Promise<void> | void;
  /** Acts on what was asked for meanwhile: verbs, timers. */
  decide(): Promise<void> | void;
  /** Writes what is shown outside of the workflow, where it has changed. */
  publish(): void;
  /**
   * Ends the run if it is time to. Leaves by an exception when the run continues as new.
   * @returns whether the workflow is over
   */
  end(): Promise<boolean>;
  /** Starts the work that the state asks for now. */
  start(): Promise<void> | void;
  /** Whether the next turn would find something to do. */
  hasNews(): boolean;
}

/** Runs a host until its workflow is over. */
export async function runHost(host: Host): Promise<void> {
  await host.recover();
  for (;;) {
    await host.settle();
    await host.decide();
    host.publish();
    if (await host.end()) return;
    await host.start();
    await condition(() => host.hasNews());
    if (!host.turns.begin(host.stage)) await host.turns.pause();
  }
}
