/** What the settings of a pipeline say of reading, for whichever source it has. */
export interface SourceOptions {
  /** How long a quiet shard is left alone at the most. Longer: fewer calls; shorter: news sooner. @default 1000 */
  readonly idleIntervalMs?: number;
  /** ms since 1970; for tests. @default Date.now */
  readonly now?: () => number;
}

export const DEFAULT_IDLE_INTERVAL_MS = 1000;
/** AWS allows five reads a second of one shard. */
export const MIN_INTERVAL_MS = 200;
