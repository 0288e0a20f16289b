import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { runVerb, verbOptions, type VerbOptions } from './verb.ts';

export function addResumeCommand(program: Command, io: Io): void {
  const command = program
    .command('resume')
    .description('let a paused key continue')
    .argument('[keys...]', 'keys, each bare or as pipeline:key');
  verbOptions(command, false).action((keys: string[], options: VerbOptions, self: Command) =>
    runVerb('resume', keys, options, self, io),
  );
  examples(command, ['keylane resume order-42']);
}
