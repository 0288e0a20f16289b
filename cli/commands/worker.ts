import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { processOptions, runRoles } from './process.ts';

export function addWorkerCommand(program: Command, io: Io): void {
  const command = program.command('worker').description('run lanes and handlers');
  processOptions(command).action((_options: object, self: Command) => runRoles(['worker'], self, io));
  examples(command, ['keylane worker', 'keylane worker --address temporal:7233 --log-format json']);
}
