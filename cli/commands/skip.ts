import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { runVerb, verbOptions, type VerbOptions } from './verb.ts';

export function addSkipCommand(program: Command, io: Io): void {
  const command = program
    .command('skip')
    .description('drop the failed record of a key and continue with the next one')
    .argument('[keys...]', 'keys, each bare or as pipeline:key');
  verbOptions(command, true).action((keys: string[], options: VerbOptions, self: Command) =>
    runVerb('skip', keys, options, self, io),
  );
  examples(command, [
    'keylane skip order-42 --reason "a test order"',
    'keylane skip order-42 --position shardId-000000000000:4958',
  ]);
}
