/** The list of mutants must keep up with the code: `npm run test:mutants` itself is not part of `npm test`. */
import { describe, expect, test } from 'vitest';
import { MUTANTS } from '../mutants/mutants.ts';
import { filesOf, textOf } from './files.ts';

describe('mutants of each guarantee (fault I1)', () => {
  test('there are enough of them, each with a name of its own', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  test.each(MUTANTS)('$name: its place in the code is there, once, and so are its tests', (mutant) => {
    expect(textOf(mutant.file).split(mutant.find)).toHaveLength(2);
    expect(mutant.replacement).not.toBe(mutant.find);
    expect(mutant.guarantee).toMatch(/^O(?:[1-9]|1[01])$/);
    expect(mutant.killedBy.length).toBeGreaterThan(0);
    for (const file of mutant.killedBy) expect(filesOf('test', '.test.ts')).toContain(file);
  });
});
