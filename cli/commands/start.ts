import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { processOptions, readingOptions, runRoles, type ReadingFlags } from './process.ts';

export function addStartCommand(program: Command, io: Io): void {
  const command = program.command('start').description('run bridge and worker in one process');
  readingOptions(processOptions(command)).action(({ startOver, from }: ReadingFlags, self: Command) =>
    runRoles(['bridge', 'worker'], self, io, () => ({
      ...(startOver === undefined ? {} : { startOver }),
      ...(from === undefined ? {} : { from }),
    })),
  );
  examples(command, [
    'keylane start',
    'keylane start --address temporal:7233 --log-format json',
    'keylane start --from 2026-01-31T12:00:00Z',
  ]);
}
