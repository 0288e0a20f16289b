import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { laneView } from '../operations/lane-view.ts';
import { laneJson } from '../render/json.ts';
import { renderLane } from '../render/lane.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';

interface ShowOptions {
  readonly full?: boolean;
  readonly json?: boolean;
}

export function addShowCommand(program: Command, io: Io): void {
  const command = program
    .command('show')
    .description('one lane: state, head with its data, failure, what waits, last decisions')
    .argument('<key>', 'the key, or pipeline:key')
    .option('--full', 'show all of the data')
    .option('--json', 'print one JSON document')
    .action(async (typed: string, options: ShowOptions, self: Command) => {
      await withSession(self, io, async (session) => {
        const named = session.resolve(typed);
        const lane = await laneView(session.client, named.pipeline, named.key);
        const name = session.nameOf(named);
        const { program: called, style } = session;
        session.print(
          options.json,
          () => laneJson(lane, name),
          () => renderLane(lane, { name, program: called, style, now: io.now(), full: options.full === true }),
        );
      });
    });
  examples(command, ['keylane show order-42', 'keylane show orders:order-42', 'keylane show order-42 --json']);
}
