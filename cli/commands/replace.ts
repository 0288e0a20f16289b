import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { newData, type NewDataOptions } from './new-data.ts';
import { runVerb, verbOptions, type VerbOptions } from './verb.ts';

interface ReplaceOptions extends VerbOptions, NewDataOptions {}

export function addReplaceCommand(program: Command, io: Io): void {
  const command = program
    .command('replace')
    .description('give the failed record of a key new data and run it again')
    .argument('[key]', 'the key, or pipeline:key')
    .option('--data <json>', 'the new data, as JSON')
    .option('--file <file>', 'the new data, byte by byte as in this file');
  verbOptions(command, true).action(async (key: string | undefined, options: ReplaceOptions, self: Command) =>
    runVerb('replace', key === undefined ? [] : [key], options, self, io, await newData(options, io)),
  );
  examples(command, [
    `keylane replace order-42 --data '{"orderId":"order-42","amount":12}' --reason "the amount was negative"`,
    'keylane replace order-42 --file fixed.json --position shardId-000000000000:4958',
  ]);
}
