import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encodeEventData } from '../../contracts/event/data-codec.ts';
import type { NewDataArgs } from '../../contracts/event/new-data.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

/** How a person gives new data. */
export interface NewDataOptions {
  readonly data?: string;
  readonly file?: string;
}

/** @throws {UsageError} */
export async function newData({ data, file }: NewDataOptions, io: Io): Promise<NewDataArgs> {
  if (data !== undefined && file !== undefined) {
    throw new UsageError('--data and --file exclude each other: give the new data by one of them.');
  }
  if (data !== undefined) return fromBytes(Buffer.from(requireJson(data)));
  if (file === undefined) throw new UsageError('Give the new data by --data or by --file.');
  return fromBytes(await read(resolve(io.cwd, file)));
}

/** It is sent as it was typed: JavaScript would write some numbers with other digits. */
function requireJson(json: string): string {
  try {
    JSON.parse(json);
    return json;
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

function fromBytes(bytes: Uint8Array): NewDataArgs {
  const encoded = encodeEventData(bytes);
  return 'json' in encoded ? { data: encoded.json } : encoded;
}
