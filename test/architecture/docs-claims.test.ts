/** Names and numbers that the pages for operators state are compared with the code. */
import { expect, test } from 'vitest';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../worker/temporal-server/search-attributes.ts';
import { filesOf, sourceFiles, textOf } from './files.ts';

test('every alert rule has a section in the runbook, and every section an alert rule', () => {
  const alerts = [...textOf('docs/metrics.md').matchAll(/- alert: (?<name>\w+)/g)].map(
    ({ groups }) => groups?.['name'],
  );
  const sections = [...textOf('docs/runbook.md').matchAll(/^### (?<names>Keylane\w+(?: and Keylane\w+)*)$/gm)].flatMap(
    ({ groups }) => groups?.['names']?.split(' and ') ?? [],
  );
  expect(alerts.length).toBeGreaterThan(5);
  expect(new Set(sections)).toEqual(new Set(alerts));
});

test('the page about deployment creates exactly the search attributes that Keylane writes', () => {
  const created = textOf('docs/deployment.md').matchAll(
    /search-attribute create .*--name (?<name>\w+) --type (?<type>\w+)/g,
  );
  expect(Object.fromEntries([...created].map(({ groups }) => [groups?.['name'], groups?.['type']]))).toEqual(
    KEYLANE_SEARCH_ATTRIBUTES,
  );
});

test('every metric in the docs exists', () => {
  const sources = sourceFiles().map(textOf).join('\n');
  const named = filesOf('docs', '.md').flatMap((file) => textOf(file).match(/\bkeylane_[a-z_]+[a-z]\b/g) ?? []);
  const known = new Set(sources.match(/\bkeylane_[a-z_]+[a-z]\b/g));
  const unknown = new Set(
    named.filter((name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|sum|count)$/, ''))),
  );
  expect([...unknown]).toEqual([]);
});
