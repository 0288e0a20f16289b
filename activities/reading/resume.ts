import type { Logger } from 'pino';
import { parseReaderReport } from '../../contracts/pipeline/parse.ts';
import type { ReaderInput, ReaderReport, ShardProgress } from '../../contracts/pipeline/reading.ts';

/** The remaining work of a reader's attempt. */
export interface Resumption {
  /** Shards to read, each from its latest known checkpoint, with what was reported of it. */
  readonly shards: ReaderInput['shards'];
  /**
   * Shards that an earlier attempt has finished. They are reported again, so that the workflow certainly learns of it.
   */
  readonly finished: Readonly<Record<string, ShardProgress>>;
}

/**
 * A checkpoint in the last heartbeat of an earlier attempt takes precedence over the start point, which is older.
 * @param heartbeat the details of the last heartbeat, undefined in the first attempt
 */
export function resume(input: ReaderInput, heartbeat: ReaderReport | undefined): Resumption {
  const known = heartbeat?.shards ?? {};
  const finished: Record<string, ShardProgress> = {};
  const shards = input.shards.flatMap((shard) => {
    const { shardId, start } = shard;
    const { checkpoint, consumedUntil = shard.consumedUntil, gaps = shard.gaps } = known[shardId] ?? {};
    const reported = {
      ...(consumedUntil === undefined ? {} : { consumedUntil }),
      ...(gaps === undefined ? {} : { gaps }),
    };
    if (known[shardId]?.finished === true) {
      // Counts belong to one attempt.
      finished[shardId] = {
        ...(checkpoint && { checkpoint }),
        ...reported,
        finished: true,
        read: 0,
        taken: 0,
        quarantined: 0,
      };
      return [];
    }
    const from = checkpoint === undefined ? start : { at: 'after' as const, position: checkpoint };
    return [{ shardId, start: from, ...reported }];
  });
  return { shards, finished };
}

/** The details of the last heartbeat. Without them the shards are read again from where the workflow says (O4). */
export function lastReport(details: unknown, log: Pick<Logger, 'error'>): ReaderReport | undefined {
  if (details === undefined) return undefined;
  const report = parseReaderReport(details);
  if ('value' in report) return report.value;
  log.error({ problem: report.problem }, 'The last heartbeat of this reader cannot be used; its shards are read again');
  return undefined;
}
