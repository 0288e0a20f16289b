import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { otherPipelines } from '../../operations/pipelines/known-pipelines.ts';
import { pipelineStatus } from '../../operations/pipelines/pipeline-status.ts';
import { statusJson } from '../render/json.ts';
import { renderStatus } from '../render/status.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';

/** Visibility is asked several times for each; servers allow ten such requests a second. */
const PIPELINES_AT_ONCE = 2;

export function addStatusCommand(program: Command, io: Io): void {
  const command = program
    .command('status')
    .description(
      'pipelines and shards: state, lag, checkpoint, time until unread records are lost; lanes by state; the quarantine',
    )
    .option('--json', 'print one JSON document')
    .action(async (options: { json?: boolean }, self: Command) => {
      await withSession(self, io, async (session) => {
        const { allPipelines, chosen, client, style, pipelines } = session;
        const now = io.now();
        const statuses = await mapBounded(pipelines, PIPELINES_AT_ONCE, (name) =>
          pipelineStatus(client, name, { now, warnBeforeMs: session.warnBeforeMs(name) }),
        );
        const others = chosen === undefined ? await otherPipelines(client, allPipelines) : [];
        session.print(
          options.json,
          () => ({ pipelines: statuses.map(statusJson), others }),
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
