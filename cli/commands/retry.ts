import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { runVerb, verbOptions, type VerbOptions } from './verb.ts';

export function addRetryCommand(program: Command, io: Io): void {
  const command = program
    .command('retry')
    .description('retry the failed record of a key with another round of attempts')
    .argument('[keys...]', 'keys, each bare or as pipeline:key');
  verbOptions(command, true).action((keys: string[], options: VerbOptions, self: Command) =>
    runVerb('retry', keys, options, self, io),
  );
  examples(command, [
    'keylane retry order-42 --reason "the payment service is back"',
    'keylane retry order-42 --position shardId-000000000000:4958',
    'keylane retry orders:order-42 orders:order-43 --yes',
  ]);
}
