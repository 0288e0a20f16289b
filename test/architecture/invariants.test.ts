/** Invariants have numbers that are unique in the repository, such as `reader.R1`; what cites one names one that exists. */
import { expect, test } from 'vitest';
import { filesOf, SOURCE_FOLDERS, textOf } from './files.ts';

const DEFINED = /(?:^ \* (?:- )?|Invariant )(?<name>[a-z][a-z-]*\.[A-Z]\d)(?::| (?=[A-Z]))/gmu;
const CITED = /(?<![\w/.-])[a-z][a-z-]*\.[A-Z]\d\b/g;
/** A definition that is unique in its file only. Guarantees (O1 ...) are defined in docs/ARCHITECTURE.md. */
const LOCAL = /^ \* (?:- |Invariant )?[A-NP-Z]\d:? /gmu;

const code = SOURCE_FOLDERS.flatMap((folder) => filesOf(folder, '.ts'));
const defined = code.flatMap((file) => [...textOf(file).matchAll(DEFINED)].map(({ groups }) => groups?.['name'] ?? ''));

test('every invariant is defined once', () => {
  expect(defined.length).toBeGreaterThan(50);
  expect(defined.filter((name, index) => defined.indexOf(name) !== index)).toEqual([]);
});

test('no invariant has a number that is unique in its file only', () => {
  // Some of workflows/ still have.
  const others = code.filter((file) => !file.startsWith('workflows/'));
  expect(others.flatMap((file) => (textOf(file).match(LOCAL) ?? []).map((line) => `${file}: ${line}`))).toEqual([]);
});

test('every invariant that code, tests or docs cite exists', () => {
  const files = [...code, ...filesOf('test', '.ts'), 'docs/ARCHITECTURE.md'];
  const known = new Set(defined);
  const unknown = files.flatMap((file) =>
    (textOf(file).match(CITED) ?? []).filter((name) => !known.has(name)).map((name) => `${file}: ${name}`),
  );
  // This file has an example.
  expect(unknown.filter((each) => !each.startsWith('test/architecture/invariants'))).toEqual([]);
});
