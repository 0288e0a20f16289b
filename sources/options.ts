/** The options of a pipeline's source, for all kinds of sources. */
export interface SourceOptions {
  /** The longest wait before a quiet shard is read again. Longer: fewer calls; shorter: lower latency. @default 1000 */
  readonly idleIntervalMs?: number;
  /** ms since 1970; for tests. @default Date.now */
  readonly now?: () => number;
}

export const DEFAULT_IDLE_INTERVAL_MS = 1000;
/** AWS allows five reads a second of one shard. */
export const MIN_INTERVAL_MS = 200;
