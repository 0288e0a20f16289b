import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encodeEventData } from '../../contracts/event-data.ts';
import type { VerbArgs } from '../../contracts/lane.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

/** How a person gives new data. */
export interface NewDataOptions {
  readonly data?: string;
  readonly file?: string;
}

type NewData = Pick<VerbArgs, 'data' | 'text' | 'base64'>;

/** @throws {UsageError} */
export async function newData({ data, file }: NewDataOptions, io: Io): Promise<NewData> {
  if (data !== undefined && file !== undefined) {
    throw new UsageError('--data and --file exclude each other: give the new data by one of them.');
  }
  if (data !== undefined) return { data: parse(data) };
  if (file === undefined) throw new UsageError('Give the new data by --data or by --file.');
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
