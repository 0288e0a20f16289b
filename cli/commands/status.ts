import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { statusDocument } from '../../operations/documents/status.ts';
import { pipelineStatus } from '../../operations/pipelines/pipeline-status.ts';
import { renderStatus } from '../render/status.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';

/** Each takes several requests to visibility, and servers allow ten of those a second. */
const PIPELINES_AT_ONCE = 2;

export function addStatusCommand(program: Command, io: Io): void {
  const command = program
    .command('status')
    .description(
      'show pipelines and shards (state, lag, checkpoint, time until unread records expire), lanes by state, and the ' +
        'quarantine',
    )
    .option('--json', 'print one JSON document')
    .action(async (options: { json?: boolean }, self: Command) => {
      await withSession(self, io, async (session) => {
        const { chosen, client, registry, style } = session;
        const now = io.now();
        const statuses = await mapBounded(await session.pipelines(), PIPELINES_AT_ONCE, (name) =>
          pipelineStatus(client, name, { now, warnBeforeMs: session.warnBeforeMs(name) }),
        );
        const others = chosen === undefined ? await registry.others() : [];
        session.print(
          options.json,
          () => statusDocument(statuses, others),
          () => renderStatus(statuses, { style, now }, others),
        );
      });
    });
  examples(command, [
    'keylane status',
    'keylane status --pipeline orders',
    "keylane status --json | jq '.pipelines[].lanes.blocked'",
  ]);
}
