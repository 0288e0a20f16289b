/** A guarantee is a number that the docs explain, code keeps and a test shows; this holds the three together. */
import { expect, test } from 'vitest';
import { filesOf, sourceFiles, textOf } from './files.ts';

const GUARANTEES = Array.from({ length: 11 }, (_, index) => `O${index + 1}`);

/** The title of a test or a group: the text before a callback. Comments and the texts of assertions are none. */
const TITLE = /\(\s*(['"`])(?<title>(?:\\.|(?!\1)[^\\\n])*)\1,\s*(?:\{[^{}]*\},\s*)?(?:async\s*)?\(/g;

function numbersIn(text: string): string[] {
  return text.match(/\bO\d+\b/g) ?? [];
}

const titles = filesOf('test', '.test.ts').flatMap((file) =>
  [...textOf(file).matchAll(TITLE)].map(({ groups }) => ({ file, title: groups?.['title'] ?? '' })),
);

test('every guarantee has a section of its own in docs/ARCHITECTURE.md', () => {
  const headings = textOf('docs/ARCHITECTURE.md').match(/^#+ O\d+\b/gm) ?? [];
  expect(headings.flatMap(numbersIn)).toEqual(GUARANTEES);
});

test.each(GUARANTEES)('%s is cited by the code that keeps it', (number) => {
  // The demo checks guarantees and keeps none.
  const citing = sourceFiles().filter((file) => !file.startsWith('demo/') && numbersIn(textOf(file)).includes(number));
  expect(citing).not.toEqual([]);
});

test.each(GUARANTEES)('%s is in the title of a test', (number) => {
  expect(titles.filter(({ title }) => numbersIn(title).includes(number))).not.toEqual([]);
});

test('no code and no test cites a guarantee that there is not', () => {
  const cited = [...sourceFiles(), ...filesOf('test', '.ts')].flatMap((file) =>
    numbersIn(textOf(file)).map((number) => ({ file, number })),
  );
  expect(cited.filter(({ number }) => !GUARANTEES.includes(number))).toEqual([]);
});
