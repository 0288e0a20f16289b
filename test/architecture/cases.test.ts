/** docs/lineage.md lists cases and the tests that show them; this holds the two together. */
import { describe, expect, test } from 'vitest';
import { filesOf, textOf } from './files.ts';

const CASES = 23;

const table =
  /<!-- cases -->(?<rows>[^]*)<!-- end of cases -->/.exec(textOf('docs/lineage.md'))?.groups?.['rows'] ?? '';

const rows = table
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => /^\d+$/.test(cells[1] ?? ''))
  .map((cells) => ({ number: Number(cells[1]), tests: cells[4]?.match(/(?<=`)[\w/-]+(?=`)/g) ?? [] }));

/** `case 4`, `cases 11, 17, 20`, `cases 4 and 5`. */
function casesIn(text: string): number[] {
  return [...text.matchAll(/\bcases? (\d+(?:(?:, | and )\d+)*)/g)].flatMap(([, list = '']) =>
    (list.match(/\d+/g) ?? []).map(Number),
  );
}

test('every case is listed, once', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: CASES }, (_, index) => index + 1));
});

describe.each(rows)('case $number', ({ number, tests }) => {
  test('is in the titles of the tests that its row names, and of no others', () => {
    const files = [...filesOf('test', '.test.ts'), ...filesOf('test', '.contract.ts')];
    const titled = files.filter(
      (file) => /\b(?:test|describe)\b/.test(textOf(file)) && casesIn(titlesOf(file)).includes(number),
    );
    expect(titled.map(nameOf).toSorted()).toEqual(tests.toSorted());
  });
});

/** The texts that begin a test or a group. */
function titlesOf(file: string): string {
  return (textOf(file).match(/\b(?:test|describe)(?:\.\w+\([^)]*\))*\(\s*(['"`])[^]*?\1,/g) ?? []).join('\n');
}

function nameOf(file: string): string {
  return file.replace(/^test\//, '').replace(/\.(?:test|contract)\.ts$/, '');
}
