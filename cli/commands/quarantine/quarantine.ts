import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { examples } from '../examples.ts';
import { addListCommand } from './list.ts';
import { addVerbCommands } from './verbs.ts';

export function addQuarantineCommand(program: Command, io: Io): void {
  const command = program
    .command('quarantine')
    .description('list and resolve records without a usable key')
    .helpCommand(false);
  addListCommand(command, io);
  addVerbCommands(command, io);
  examples(command, [
    'keylane quarantine list',
    'keylane quarantine retry --all --reason "the key function knows the new field"',
    'keylane quarantine skip shardId-000000000000:4958',
  ]);
}
