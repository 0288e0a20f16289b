/** docs/plain-workflow.md tells what the tests beside this one show; this holds the two together. */
import { expect, test } from 'vitest';
import { textOf } from '../architecture/files.ts';
import { WORDS } from './words.ts';

const table =
  /<!-- limits -->(?<rows>[^]*)<!-- end of limits -->/.exec(textOf('docs/plain-workflow.md'))?.groups?.['rows'] ?? '';

/** By limit, the words that the page quotes. */
const quoted = table
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, limit, , words = '']) => [limit, words.match(/(?<=`)[^`]+(?=`(?:[, ]|$))/g) ?? []] as const);

/** By limit, which a title names before its colon, the words that its tests assert. */
const asserted = new Map<string, string[]>();
for (const text of textOf('test/limits-of-temporal/limits.test.ts')
  .split(/^test\(/m)
  .slice(1)) {
  const limit = /^\s*(?<quote>['"])(?<limit>.+?): .*\k<quote>,/.exec(text)?.groups?.['limit'] ?? text;
  const names = [...text.matchAll(/said\(WORDS\.(?<name>\w+)\)/g)].map(({ groups }) => groups?.['name'] ?? '');
  const words = new Set(names.map((name) => WORDS[name as keyof typeof WORDS]));
  asserted.set(limit, [...(asserted.get(limit) ?? []), ...words]);
}

test('the page has a row for each limit that a test shows, with the words that the test asserts', () => {
  expect(quoted).toEqual([...asserted]);
});

test('every words are asserted', () => {
  expect([...asserted.values()].flat().toSorted()).toEqual(Object.values(WORDS).toSorted());
});
