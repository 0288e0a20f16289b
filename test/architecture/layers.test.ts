/**
 * Which file may import which (docs/ARCHITECTURE.md, "Folders"). Read from the import statements of the real files, so
 * that an import in the wrong direction fails here.
 */
import { describe, expect, test } from 'vitest';
import { SOURCE_FOLDERS, sourceFiles, textOf, type SourceFolder } from './files.ts';
import { importsOf, type Import } from './imports.ts';

const BELOW_BRIDGE = ['lib/', 'contracts/', 'sources/', 'stores/', 'settings/', 'temporal/'];
const ABOVE_BRIDGE = [...BELOW_BRIDGE, 'bridge/', 'activities/', 'workflows/', 'worker/'];

/** For each folder, the paths outside of it that its files may import. */
const MAY_IMPORT: Readonly<Record<SourceFolder, readonly string[]>> = {
  lib: [],
  contracts: ['lib/'],
  aws: ['lib/'],
  sources: ['lib/', 'contracts/', 'aws/'],
  stores: ['lib/', 'contracts/', 'aws/'],
  settings: ['lib/', 'contracts/', 'sources/filter/'],
  temporal: ['lib/', 'contracts/', 'settings/'],
  bridge: BELOW_BRIDGE,
  workflows: ['lib/pure/', 'contracts/', 'bridge/lineage/'],
  activities: [...BELOW_BRIDGE, 'bridge/'],
  worker: ABOVE_BRIDGE,
  operations: ['lib/', 'contracts/', 'stores/', 'settings/', 'temporal/', 'bridge/lineage/'],
  cli: [...ABOVE_BRIDGE, 'operations/'],
  demo: [...ABOVE_BRIDGE, 'operations/', 'cli/'],
  bench: [...ABOVE_BRIDGE, 'operations/', 'cli/', 'demo/'],
};

/** Inside a folder: what is pure does not reach what is not. */
const PURE: Readonly<Record<string, readonly string[]>> = {
  'lib/pure/': ['lib/pure/'],
  'bridge/lineage/': ['bridge/lineage/', 'contracts/', 'lib/pure/'],
  'workflows/lane/core/': ['workflows/lane/core/', 'workflows/shared/', 'contracts/', 'lib/pure/'],
};

/** The ports to the streams: their clients are used behind them only. */
const STREAM_CLIENTS: ReadonlySet<string> = new Set(['@aws-sdk/client-kinesis', '@aws-sdk/client-dynamodb-streams']);
/** They write to a stream as any producer would, and do not read from one. */
const PRODUCERS: ReadonlySet<string> = new Set([
  'demo/producer.ts',
  'bench/reading/stream.ts',
  // The consumer that teams write who do not use Keylane.
  'bench/compare/contenders/read-in-order.ts',
]);

/** Packages that workflow code may be made of. */
const WORKFLOW_PACKAGES: ReadonlySet<string> = new Set(['@temporalio/workflow', '@temporalio/common']);

const imports = sourceFiles().flatMap(importsOf);

function folderOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function described({ file, target, typeOnly }: Import): string {
  return `${file} imports ${typeOnly ? 'types of ' : ''}${target}`;
}

test('the parser sees every import', () => {
  const missed = sourceFiles().filter((file) => {
    const written = textOf(file).match(/^import\b/gm)?.length ?? 0;
    return imports.filter((each) => each.file === file).length < written;
  });
  expect(imports.length).toBeGreaterThan(100);
  expect(missed).toEqual([]);
});

describe('imports follow the layers', () => {
  for (const folder of SOURCE_FOLDERS) {
    test(`${folder} imports ${MAY_IMPORT[folder].join(', ') || 'no other folder'}`, () => {
      const wrong = imports.filter(({ file, target, isRelative, typeOnly }) => {
        if (!isRelative || folderOf(file) !== folder || folderOf(target) === folder) return false;
        // A workflow knows its activities by their types; the compiler removes such an import.
        if (folder === 'workflows' && typeOnly) return false;
        return !MAY_IMPORT[folder].some((allowed) => target.startsWith(allowed));
      });
      expect(wrong.map(described)).toEqual([]);
    });
  }

  test.each(Object.entries(PURE))('%s imports %j', (folder, allowed) => {
    const files = imports.filter(({ file }) => file.startsWith(folder));
    expect(files.length).toBeGreaterThan(0);
    const wrong = files.filter(
      ({ isRelative, target }) =>
        target.startsWith('node:') || (isRelative && !allowed.some((each) => target.startsWith(each))),
    );
    expect(wrong.map(described)).toEqual([]);
  });

  test('no files import one another in a circle, types included', () => {
    const edges = new Map<string, Set<string>>();
    for (const { file, target, isRelative } of imports) {
      if (isRelative) edges.set(file, (edges.get(file) ?? new Set()).add(target));
    }
    expect(edges.size).toBeGreaterThan(100);
    expect(circleIn(edges)).toBeUndefined();
  });

  test('no folders import one another in a circle, types included', () => {
    const edges = new Map<string, Set<string>>();
    for (const { file, target, isRelative } of imports) {
      const [from, to] = [folderOf(file), folderOf(target)];
      if (isRelative && from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    expect(circleIn(edges)).toBeUndefined();
  });

  test('the package exports contracts only', () => {
    const targets = importsOf('index.ts').map(({ target }) => folderOf(target));
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.filter((folder) => folder !== 'contracts')).toEqual([]);
  });
});

test('the clients of the streams are imported by sources/ only, elsewhere as types', () => {
  const wrong = imports.filter(
    ({ file, target, typeOnly }) =>
      STREAM_CLIENTS.has(target) && folderOf(file) !== 'sources' && !typeOnly && !PRODUCERS.has(file),
  );
  expect(wrong.map(described)).toEqual([]);
  const typesOnly = imports.filter(({ target, typeOnly }) => STREAM_CLIENTS.has(target) && typeOnly);
  expect([...new Set(typesOnly.map(({ file }) => folderOf(file)))].toSorted()).toEqual(['sources']);
});

test('workflow code imports no package but those of Temporal that are deterministic', () => {
  const wrong = imports.filter(
    ({ file, target, isRelative, typeOnly }) =>
      folderOf(file) === 'workflows' && !isRelative && !typeOnly && !WORKFLOW_PACKAGES.has(target),
  );
  expect(wrong.map(described)).toEqual([]);
});

/** A circle as `a > b > a`; undefined when there is none. */
function circleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(' > ');
    if (done.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const circle = visit(next, [...path, node]);
      if (circle !== undefined) return circle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const circle = visit(node, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
