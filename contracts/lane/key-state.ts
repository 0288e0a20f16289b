import type { Decision } from './decision.ts';
import type { LanePhase } from './phase.ts';

/**
 * What belongs to a key, wherever it is. It moves with the key as one value: from a pool to the key's own lane, and from run to run
 * of that lane. The key's queued events move beside it. What the lane or the pool remembers for itself stays there: deduplication,
 * segments, counts.
 */
export interface KeyState {
  /** What the first event is doing: why it fails, how often it was tried, since when; or that an operator has paused the key. */
  readonly phase: LanePhase;
  /** Decisions about the key. The latest is the last. */
  readonly decisions: readonly Decision[];
}

/** Of a key that nothing has happened to. */
export const NEW_KEY: KeyState = { phase: { state: 'idle' }, decisions: [] };

/** The part of a lane's state, or of anything else that has one, that belongs to the key. */
export function keyStateOf({ decisions, phase }: KeyState): KeyState {
  return { phase, decisions };
}
