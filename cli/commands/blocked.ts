import type { Command } from 'commander';
import { visibleName } from '../../lib/pure/visible.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { blockedLanes, type BlockedLane } from '../../operations/lanes/blocked-lanes.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { poolsStatus } from '../../operations/pools/pools.ts';
import { renderBlocked, type FailingPools } from '../render/blocked.ts';
import { blockedJson, poolsJson } from '../render/json.ts';
import { withSession, type Session } from '../session.ts';
import { targetArgument } from '../target.ts';
import { examples } from './examples.ts';
import { parseLimit } from './limit.ts';

const DEFAULT_LIMIT = 100;
const PIPELINES_AT_ONCE = 4;

interface BlockedOptions {
  readonly limit: number;
  readonly wide?: boolean;
  readonly json?: boolean;
  readonly names0?: boolean;
}

export function addBlockedCommand(program: Command, io: Io): void {
  const command = program
    .command('blocked')
    .description('the blocked keys: since when, attempts, record, cause, how many wait')
    .option('--limit <number>', 'keys at the most, the longest blocked first; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--wide', 'cut nothing')
    .option('--names0', 'print arguments for verbs, each bound to its record and ended by NUL: for xargs -0')
    .option('--json', 'print one JSON document')
    .action(async (options: BlockedOptions, self: Command) => {
      if (options.names0 === true && options.json === true) throw new UsageError('Give --names0 or --json.');
      await withSession(self, io, async (session) => {
        const { client, chosen, pipelines } = session;
        const found = await blockedLanes(client, {
          endedOf: pipelines,
          limit: options.limit === 0 ? Number.POSITIVE_INFINITY : options.limit,
          ...(chosen === undefined ? {} : { pipeline: chosen }),
        });
        if (options.names0 === true) return printNames(found.lanes, io);
        const failing = await failingPools(session);
        const style = options.wide === true ? { ...session.style, width: undefined } : session.style;
        session.print(
          options.json,
          () => ({
            total: found.total,
            blocked: found.lanes.map((lane) => blockedJson(lane, session.nameOf(lane))),
            failingPools: failing.map(({ pipeline, pools }) => ({ pipeline, ...poolsJson(pools) })),
          }),
          () => renderBlocked(found, { style, now: io.now(), nameOf: (lane) => session.nameOf(lane), failing }),
        );
      });
    });
  examples(command, [
    'keylane blocked',
    'keylane blocked --pipeline orders --limit 0',
    'keylane blocked --limit 0 --names0 | xargs -0 -r keylane retry --yes',
  ]);
}

/** Pools in which keys fail that no list of blocked ones has. */
async function failingPools(session: Session): Promise<FailingPools[]> {
  const all = await mapBounded(session.pipelines, PIPELINES_AT_ONCE, async (pipeline) => {
    const pools = await session.poolsOf(pipeline);
    return pools === undefined ? [] : [{ pipeline, pools: await poolsStatus(session.client, pipeline, pools) }];
  });
  return all
    .flat()
    .filter(({ pools: { failing, outages, releasing } }) => failing !== undefined || outages + releasing > 0);
}

/** Each names the record that the list has seen: a verb touches no other. */
function printNames(lanes: readonly BlockedLane[], io: Io): void {
  for (const { key, pipeline, position } of lanes) {
    if (position !== undefined) io.stdout.write(`${targetArgument({ pipeline, key, position })}\0`);
    else io.stderr.write(`Left out: the record of ${visibleName(`${pipeline}:${key}`)} is not known yet. Ask again.\n`);
  }
}
