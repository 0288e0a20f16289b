import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { processOptions, readingOptions, runRoles, type ReadingFlags } from './process.ts';

export function addBridgeCommand(program: Command, io: Io): void {
  const command = program
    .command('bridge')
    .description('read the sources and send every record to the lane of its key');
  readingOptions(processOptions(command)).action(({ startOver, from }: ReadingFlags, self: Command) =>
    runRoles(['bridge'], self, io, () => ({
      ...(startOver === undefined ? {} : { startOver }),
      ...(from === undefined ? {} : { from }),
    })),
  );
  examples(command, [
    'keylane bridge',
    'keylane bridge --address temporal:7233 --log-format json',
    'keylane bridge --from 2026-01-31T12:00:00Z',
  ]);
}
