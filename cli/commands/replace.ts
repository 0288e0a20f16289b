import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { encodeEventData } from '../../contracts/event-data.ts';
import type { VerbArgs } from '../../contracts/lane.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples } from './examples.ts';
import { runVerb, verbOptions, type VerbOptions } from './verb.ts';

interface ReplaceOptions extends VerbOptions {
  readonly data?: string;
  readonly file?: string;
}

type NewData = Pick<VerbArgs, 'data' | 'text' | 'base64'>;

export function addReplaceCommand(program: Command, io: Io): void {
  const command = program
    .command('replace')
    .description('give the failed record of a key other data, and run it again')
    .argument('<key>', 'the key, or pipeline:key')
    .option('--data <json>', 'the new data, as JSON')
    .option('--file <file>', 'the new data, byte by byte as in this file');
  verbOptions(command, true).action(async (key: string, options: ReplaceOptions, self: Command) =>
    runVerb('replace', [key], options, self, io, await newData(options, io)),
  );
  examples(command, [
    `keylane replace order-42 --data '{"orderId":"order-42","amount":12}' --reason "the amount was negative"`,
    'keylane replace order-42 --file fixed.json --position shardId-000000000000:4958',
  ]);
}

async function newData({ data, file }: ReplaceOptions, io: Io): Promise<NewData> {
  if (data !== undefined && file === undefined) return { data: parse(data) };
  if (file === undefined || data !== undefined) throw new UsageError('Give the new data by --data or by --file.');
  return fromBytes(await read(resolve(io.cwd, file)));
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`--data is not JSON: ${String(error)}. For data that is none, use --file.`);
  }
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`--file cannot be read: ${String(error)}`);
  }
}

function fromBytes(bytes: Uint8Array): NewData {
  const encoded = encodeEventData(bytes);
  return 'json' in encoded ? { data: encoded.json } : encoded;
}
