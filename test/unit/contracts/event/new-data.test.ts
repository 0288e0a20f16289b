import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readNewData, type NewDataArgs } from '../../../../contracts/event/new-data.ts';
import { jsonBytes } from '../../../../lib/pure/json-bytes.ts';
import type { VerbArgs } from '../../../../contracts/lane/decision.ts';
import { MAX_INLINE_BYTES } from '../../../../contracts/event/large-events.ts';
import { readVerb } from '../../../../workflows/shared/parsing.ts';
import { readQuarantineVerb } from '../../../../workflows/quarantine/verbs/parse.ts';

const MIB = 1024 * 1024;

function problemOf(args: NewDataArgs): string | undefined {
  const given = readNewData(args);
  return given !== undefined && 'problem' in given ? given.problem : undefined;
}

describe('O5 new data is refused when a lane could not carry it', () => {
  test.each<[string, NewDataArgs]>([
    ['2,096,008 bytes of text', { text: 'x'.repeat(2_096_008) }],
    ['half a MiB of quotes and some', { text: '"'.repeat(0.6 * MIB) }],
    ['400,000 line breaks and 300,000 characters of two bytes', { data: '\n'.repeat(400_000) + 'é'.repeat(300_000) }],
    ['control characters of six bytes each', { data: { a: '\u0001'.repeat(200_000) } }],
    ['1.2 MB of base64', { base64: Buffer.alloc(900_000).toString('base64') }],
  ])('%s (fault D4)', (_, args) => {
    expect(problemOf(args)).toMatch(/^the new data takes .* in Temporal, and may take 1 MiB: .*largeEvents\.store/);
  });

  test.each<[string, NewDataArgs, RegExp]>([
    ['text with half a character', { text: 'a\ud83d' }, /half of a surrogate pair/],
    ['base64 that is none', { base64: 'YQ=' }, /not base64/],
    [
      'JSON of 5,000 levels',
      { data: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown },
      /nested too deeply/,
    ],
  ])('%s (fault D6)', (_, args, problem) => {
    expect(problemOf(args)).toMatch(problem);
  });

  test('what is accepted takes no more than the limit in Temporal, in the lane and in the quarantine alike (fault D4)', () => {
    const unit = fc.constantFrom('x', '"', '\n', '\u0001', 'é', '☃', '𐐀');
    fc.assert(
      fc.property(
        unit,
        fc.integer({ min: 65_536, max: 1_300_000 }),
        fc.constantFrom('text', 'data'),
        (piece, length, field) => {
          const args: VerbArgs = { [field]: piece.repeat(length), position: 's:1' };
          const given = readNewData(args);
          const problem = problemOf(args);
          if (problem === undefined) expect(jsonBytes(given!)).toBeLessThanOrEqual(MAX_INLINE_BYTES + 100);
          expect(readVerb('replace', args).problem).toBe(problem);
          expect(readQuarantineVerb('replace', args).problem).toBe(problem);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a refusal keeps who asked and why, and none of the data', () => {
    const verb = readVerb('replace', { text: 'x'.repeat(2 * MIB), by: 'ann', reason: 'a typo', position: 's:1' });
    expect(verb).toEqual({
      name: 'replace',
      args: { by: 'ann', reason: 'a typo', position: 's:1' },
      problem: expect.any(String),
    });
  });
});
