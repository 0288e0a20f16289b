import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { processOptions, readingOptions, runRoles, type ReadingFlags } from './process.ts';

interface DevOptions extends ReadingFlags {
  readonly temporary?: boolean;
}

export function addDevCommand(program: Command, io: Io): void {
  const command = program
    .command('dev')
    .description('run bridge and worker in one process, with its own Temporal server if no address is set')
    .option('--temporary', 'keep no data (default: .keylane/temporal.db next to the settings file)');
  readingOptions(processOptions(command)).action(({ temporary, startOver, from }: DevOptions, self: Command) =>
    runRoles(['bridge', 'worker'], self, io, (settings) => ({
      ...embedded(settings, temporary === true),
      ...(startOver === undefined ? {} : { startOver }),
      ...(from === undefined ? {} : { from }),
    })),
  );
  examples(command, [
    'keylane dev',
    'keylane dev --temporary',
    'keylane dev --config examples/orders/keylane.config.ts',
  ]);
}

function embedded({ file, temporal }: Settings, temporary: boolean) {
  if (temporal.address !== undefined) return {};
  return { embedded: { database: temporary ? undefined : join(dirname(file), '.keylane', 'temporal.db') } };
}
