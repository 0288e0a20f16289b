/**
 * Who may import whom (docs/ARCHITECTURE.md, "Folders"). Read from the import statements of the real files, so that a
 * wrong turn fails here and not a year later.
 */
import { describe, expect, test } from 'vitest';
import { SOURCE_FOLDERS, sourceFiles, textOf, type SourceFolder } from './files.ts';
import { importsOf, type Import } from './imports.ts';

/** Per folder, the paths that it may import from beside itself. */
const MAY_IMPORT: Readonly<Record<SourceFolder, readonly string[]>> = {
  contracts: [],
  aws: [],
  sources: ['contracts/', 'aws/'],
  stores: ['contracts/', 'aws/'],
  bridge: ['contracts/', 'sources/', 'stores/'],
  workflows: ['contracts/', 'bridge/lineage/'],
  activities: ['contracts/', 'bridge/', 'sources/', 'stores/'],
  worker: ['contracts/', 'bridge/', 'sources/', 'stores/', 'activities/', 'workflows/'],
  cli: ['contracts/', 'bridge/', 'sources/', 'stores/', 'activities/', 'workflows/', 'worker/'],
  demo: ['contracts/', 'bridge/', 'sources/', 'stores/', 'activities/', 'workflows/', 'worker/', 'cli/'],
  bench: ['contracts/', 'bridge/', 'sources/', 'stores/', 'activities/', 'workflows/', 'worker/', 'cli/', 'demo/'],
};

/** The ports to the streams: their clients are used behind them only. */
const STREAM_CLIENTS: ReadonlySet<string> = new Set(['@aws-sdk/client-kinesis', '@aws-sdk/client-dynamodb-streams']);
/** They write to a stream as anybody's producer would, and do not read from one. */
const PRODUCERS: ReadonlySet<string> = new Set([
  'demo/producer.ts',
  'bench/reading/stream.ts',
  // The reader of those who do not use Keylane.
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
    test(`${folder} imports ${MAY_IMPORT[folder].join(', ') || 'nothing of ours'}`, () => {
      const wrong = imports.filter(({ file, target, isRelative, typeOnly }) => {
        if (!isRelative || folderOf(file) !== folder || folderOf(target) === folder) return false;
        // Workflow code knows what others can do by its type; the compiler takes that away.
        if (folder === 'workflows' && typeOnly) return false;
        return !MAY_IMPORT[folder].some((allowed) => target.startsWith(allowed));
      });
      expect(wrong.map(described)).toEqual([]);
    });
  }

  test('no cycle between the folders, types included', () => {
    const edges = new Map<string, Set<string>>();
    for (const { file, target, isRelative } of imports) {
      const [from, to] = [folderOf(file), folderOf(target)];
      if (isRelative && from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    expect(cycleIn(edges)).toBeUndefined();
  });

  test('what users import is made of contracts alone', () => {
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

/** A cycle as `a > b > a`; undefined when there is none. */
function cycleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(' > ');
    if (done.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
