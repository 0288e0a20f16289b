import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { runVerb, verbOptions, type VerbOptions } from './verb.ts';

export function addPauseCommand(program: Command, io: Io): void {
  const command = program
    .command('pause')
    .description('stop a key; its events are kept')
    .argument('[keys...]', 'keys, each bare or as pipeline:key');
  verbOptions(command, false).action((keys: string[], options: VerbOptions, self: Command) =>
    runVerb('pause', keys, options, self, io),
  );
  examples(command, ['keylane pause order-42 --reason "under investigation"']);
}
