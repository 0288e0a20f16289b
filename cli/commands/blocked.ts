import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { blockedLanes } from '../operations/blocked-lanes.ts';
import { renderBlocked } from '../render/blocked.ts';
import { blockedJson } from '../render/json.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';
import { parseLimit } from './limit.ts';

const DEFAULT_LIMIT = 100;

interface BlockedOptions {
  readonly limit: number;
  readonly wide?: boolean;
  readonly json?: boolean;
}

export function addBlockedCommand(program: Command, io: Io): void {
  const command = program
    .command('blocked')
    .description('the blocked keys: since when, attempts, record, cause, how many wait')
    .option('--limit <number>', 'keys at the most, the longest blocked first; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--wide', 'cut nothing')
    .option('--json', 'print one JSON document')
    .action(async (options: BlockedOptions, self: Command) => {
      await withSession(self, io, async (session) => {
        const { client, chosen } = session;
        const found = await blockedLanes(client, {
          limit: options.limit === 0 ? Number.POSITIVE_INFINITY : options.limit,
          ...(chosen === undefined ? {} : { pipeline: chosen }),
        });
        const style = options.wide === true ? { ...session.style, width: undefined } : session.style;
        session.print(
          options.json,
          () => ({ total: found.total, blocked: found.lanes.map((lane) => blockedJson(lane, session.nameOf(lane))) }),
          () => renderBlocked(found, { style, now: io.now(), nameOf: (lane) => session.nameOf(lane) }),
        );
      });
    });
  examples(command, [
    'keylane blocked',
    'keylane blocked --pipeline orders --limit 0',
    "keylane blocked --json | jq -r '.blocked[].name' | xargs -d '\\n' keylane retry --yes --",
  ]);
}
