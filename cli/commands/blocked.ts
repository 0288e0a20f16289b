import type { Command } from 'commander';
import { visibleName } from '../../lib/pure/visible.ts';
import { blockedDocument } from '../../operations/documents/blocked.ts';
import { blockedLanes, type BlockedLane } from '../../operations/lanes/blocked-lanes.ts';
import { failingPools } from '../../operations/pools/failing-pools.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { renderBlocked } from '../render/blocked.ts';
import { withSession, type Session } from '../session.ts';
import { targetArgument } from '../target.ts';
import { examples } from './examples.ts';
import { parseLimit } from './limit.ts';

const DEFAULT_LIMIT = 100;

interface BlockedOptions {
  readonly limit: number;
  readonly wide?: boolean;
  readonly json?: boolean;
  readonly names0?: boolean;
}

export function addBlockedCommand(program: Command, io: Io): void {
  const command = program
    .command('blocked')
    .description('list blocked keys with age, attempts, record, error and backlog')
    .option(
      '--limit <number>',
      'maximum number of keys, the longest blocked first; 0 for all',
      parseLimit,
      DEFAULT_LIMIT,
    )
    .option('--wide', 'do not truncate')
    .option('--names0', 'print arguments for verbs, each bound to its record and terminated by NUL: for xargs -0')
    .option('--json', 'print one JSON document')
    .action(async (options: BlockedOptions, self: Command) => {
      if (options.names0 === true && options.json === true) {
        throw new UsageError('--names0 and --json exclude each other.');
      }
      await withSession(self, io, async (session) => await listBlocked(session, options));
    });
  examples(command, [
    'keylane blocked',
    'keylane blocked --pipeline orders --limit 0',
    'keylane blocked --limit 0 --names0 | xargs -0 -r keylane retry --yes',
  ]);
}

async function listBlocked(session: Session, { json, limit, names0, wide }: BlockedOptions): Promise<void> {
  const { chosen, client, io, registry } = session;
  const pipelines = await session.pipelines();
  const found = await blockedLanes(client, {
    endedOf: pipelines,
    limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    ...(chosen === undefined ? {} : { pipeline: chosen }),
  });
  if (names0 === true) return printNames(found.lanes, io);
  const failing = await failingPools(client, registry, pipelines);
  const style = wide === true ? { ...session.style, width: undefined } : session.style;
  const nameOf = (lane: BlockedLane): string => session.nameOf(lane);
  session.print(
    json,
    () => blockedDocument(found, failing, nameOf),
    () => renderBlocked(found, { style, now: io.now(), nameOf, failing }),
  );
}

/** Each argument names the record that the list has seen: a verb acts on no other. */
function printNames(lanes: readonly BlockedLane[], io: Io): void {
  for (const { key, pipeline, position } of lanes) {
    if (position !== undefined) io.stdout.write(`${targetArgument({ pipeline, key, position })}\0`);
    else {
      const name = visibleName(`${pipeline}:${key}`);
      io.stderr.write(`Omitted ${name}: its record is not known yet. Run the command again.\n`);
    }
  }
}
