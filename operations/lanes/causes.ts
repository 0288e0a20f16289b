import type { BlockedLane } from './blocked-lanes.ts';

/** A cause that blocked keys of a pipeline share. */
export interface Cause {
  readonly pipeline: string;
  readonly cause: string;
  /** How many of the keys have it. */
  readonly keys: number;
}

/** The causes of blocked keys, the most frequent first. */
export function causesOf(lanes: readonly BlockedLane[]): Cause[] {
  const causes = new Map<string, Cause>();
  for (const { pipeline, ...lane } of lanes) {
    const cause = lane.cause ?? lane.failure?.type ?? '?';
    const id = JSON.stringify([pipeline, cause]);
    causes.set(id, { pipeline, cause, keys: (causes.get(id)?.keys ?? 0) + 1 });
  }
  return [...causes.values()].toSorted((a, b) => b.keys - a.keys);
}
