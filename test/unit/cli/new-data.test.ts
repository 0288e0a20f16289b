import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { newData } from '../../../cli/commands/new-data.ts';
import type { Io } from '../../../cli/io.ts';
import { decodeEventData } from '../../../contracts/event/data-codec.ts';
import { readNewData, type NewDataArgs } from '../../../contracts/event/new-data.ts';

const io = { cwd: tmpdir() } as Io;

/** What a handler gets, after the way through Temporal. */
function handed(args: NewDataArgs): Buffer {
  const given = readNewData(JSON.parse(JSON.stringify(args)) as NewDataArgs);
  if (given === undefined || 'problem' in given || 'claim' in given.data) throw new Error(JSON.stringify(given));
  const bytes = Buffer.from(decodeEventData(given.data));
  expect(given.size).toBe(bytes.length);
  return bytes;
}

test.each([
  '{"id":1970670598291982290,"price":1.10,"a":1,"a":2}',
  ' [1.0] ',
  '{"__proto__":{"a":1}}',
  '"\\ud83d"',
  '-0',
])('--data goes to the handler as it was typed: %s (fault D3)', async (data) => {
  expect(handed(await newData({ data }, io)).toString()).toBe(data);
});

test('--data and --file go to the handler byte by byte, whatever is in them (fault D3)', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'keylane-')), 'data');
  const anyJson = fc
    .tuple(fc.jsonValue(), fc.constantFrom(0, 1, '\t'))
    .map(([value, space]) => JSON.stringify(value, null, space));
  await fc.assert(
    fc.asyncProperty(anyJson, fc.uint8Array({ maxLength: 100 }), async (data, bytes) => {
      expect(handed(await newData({ data }, io)).toString()).toBe(data);
      await writeFile(file, bytes);
      expect(handed(await newData({ file }, io)).equals(bytes)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
