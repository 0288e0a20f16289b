/** What the docs say about settings, commands and files is compared with the code. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ERROR_CODES } from '../../cli/errors.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { processIo } from '../../cli/io.ts';
import { buildProgram } from '../../cli/program.ts';
import { REJECTION_CODES } from '../../contracts/rejection.ts';
import { formatSize } from '../../contracts/public/size.ts';
import { POOL_METRICS } from '../../contracts/pool/metrics.ts';
import { HANDLING_METRICS, KEY_METRICS, READING_METRICS } from '../../worker/metrics/catalog.ts';
import { DEFAULTS } from '../../settings/defaults.ts';
import { configSchema } from '../../settings/schema.ts';
import { TRANSITIONS, type LaneInputName } from '../../workflows/lane/core/transitions.ts';
import { filesOf, ROOT, textOf } from './files.ts';

/** How the table of states names what happens to a lane. */
const INPUTS: Readonly<Record<LaneInputName, string>> = {
  accept: 'accept',
  batchStarted: 'batch started',
  batchEnded: 'batch ended',
  eventSucceeded: 'event succeeded',
  eventFailed: 'event failed',
  eventStopped: 'event stopped',
  loss: 'events lost',
  retry: 'retry',
  skip: 'skip',
  replace: 'replace',
  pause: 'pause',
  resume: 'resume',
};

describe('docs/settings.md', () => {
  const rows = new Map(
    [...textOf('docs/settings.md').matchAll(/^\| `(?<field>[\w.]+)` *\|(?<rest>.*)\|$/gm)].map(({ groups }) => {
      const cells = (groups?.['rest'] ?? '').split(/(?<!\\)\|/).map((cell) => cell.trim());
      return [groups?.['field'] ?? '', cells] as const;
    }),
  );

  test('has a row for every field that the settings may hold, and for no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(
      fieldsOf(z.toJSONSchema(configSchema, { unrepresentable: 'any' }) as JsonSchema),
    );
  });

  const defaults: Readonly<Record<string, string>> = {
    'temporal.taskQueue': DEFAULTS.taskQueue,
    'source.startAt': DEFAULTS.startAt,
    'retry.maxAttempts': String(DEFAULTS.retry.maxAttempts),
    'retry.initialInterval': duration(DEFAULTS.retry.initialIntervalMs),
    'retry.backoff': String(DEFAULTS.retry.backoff),
    'retry.maxInterval': duration(DEFAULTS.retry.maxIntervalMs),
    timeout: duration(DEFAULTS.timeoutMs),
    stopTimeout: duration(DEFAULTS.stopTimeoutMs),
    idle: duration(DEFAULTS.lane.idleMs),
    'reading.maxReaders': String(DEFAULTS.pipeline.maxReaders),
    'reading.discoverEvery': duration(DEFAULTS.pipeline.discoverEveryMs),
    'reading.shift': duration(DEFAULTS.pipeline.shiftMs),
    'reading.recordsInFlight': String(DEFAULTS.reading.recordsInFlight),
    'reading.bytesInFlight': String(DEFAULTS.reading.bytesInFlight),
    'reading.requestsInFlight': String(DEFAULTS.reading.requestsInFlight),
    'largeEvents.above': formatSize(DEFAULTS.largeEvents.above),
  };

  test.each(Object.entries(defaults))('names the default of %s: %s', (field, value) => {
    const [, cell] = rows.get(field) ?? [];
    expect(cell?.replaceAll(/['`,]/g, '')).toContain(value);
  });
});

describe('docs/cli.md', () => {
  const text = textOf('docs/cli.md');
  const program = buildProgram(processIo());

  const inner = program.commands.flatMap((outer) =>
    outer.commands.map((command) => [`${outer.name()} ${command.name()}`, command] as const),
  );

  test.each([...program.commands.map((command) => [command.name(), command] as const), ...inner])(
    'explains `keylane %s` with all its options',
    (name, command) => {
      expect(text).toMatch(new RegExp(`^#+ .*\`keylane ${name}\\b`, 'm'));
      const flags = command.options.flatMap(({ long }) => (long === null || long === undefined ? [] : [long]));
      expect(flags.filter((flag) => !text.includes(`\`${flag}`))).toEqual([]);
    },
  );

  test('explains the options of all commands', () => {
    const flags = program.options.map(({ long }) => long);
    expect(flags.filter((flag) => !text.includes(`\`${flag}`))).toEqual([]);
  });

  test('lists the exit codes', () => {
    const listed = [...text.matchAll(/^\| `(?<code>\d)` *\|/gm)].map(({ groups }) => Number(groups?.['code']));
    expect(listed).toEqual(Object.values(EXIT));
  });

  test('lists the codes of errors and of rejections', () => {
    const section = text.slice(text.indexOf('\n## JSON documents'), text.indexOf('\n## Processes'));
    const codes = [...section.matchAll(/^\| `(?<code>[a-z-]+)` *\|/gm)].map(({ groups }) => groups?.['code']);
    expect(codes).toEqual([...ERROR_CODES, ...REJECTION_CODES]);
  });
});

test('docs/metrics.md has a row for every metric, with its kind, and its alerts are made of metrics that there are', () => {
  const text = textOf('docs/metrics.md');
  const rows = [...text.matchAll(/^\| `(?<name>keylane_\w+)` *\| (?<kind>\w+)/gm)].map(({ groups }) => [
    groups?.['name'],
    groups?.['kind'],
  ]);
  const metrics = [READING_METRICS, KEY_METRICS, HANDLING_METRICS, POOL_METRICS].flatMap((each) => Object.values(each));
  expect(rows).toEqual(metrics.map(({ name, kind }) => [name, kind]));
  const names: ReadonlySet<string> = new Set(metrics.map(({ name }) => name));
  expect((text.match(/\bkeylane_\w+[a-z]\b/g) ?? []).filter((name) => !names.has(name))).toEqual([]);
});

test('the table of states in docs/ARCHITECTURE.md is that of the code', () => {
  const inputs = Object.keys(INPUTS) as (keyof typeof INPUTS)[];
  const written = textOf('docs/ARCHITECTURE.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(cellsOf);
  expect(written).toContainEqual(['state', ...Object.values(INPUTS)]);
  for (const [state, row] of Object.entries(TRANSITIONS)) {
    const cells = inputs.map((input) => row[input]?.join(', ') ?? '-');
    expect(written.find(([first]) => first === state)?.slice(1)).toEqual(cells);
  }
});

describe('links', () => {
  const documents = filesOf('.', '.md');

  test.each(documents)('of %s lead to files and headings that exist', (document) => {
    const links = [...withoutCode(textOf(document)).matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(
      ({ groups }) => groups?.['target'] ?? '',
    );
    const broken = links.filter((target) => !/^\w+:/.test(target) && !leadsSomewhere(document, target));
    expect(broken).toEqual([]);
  });
});

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function leadsSomewhere(document: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document : join(dirname(document), path);
  if (!existsSync(join(ROOT, file))) return false;
  return anchor === undefined || !file.endsWith('.md') || anchorsOf(textOf(file)).includes(anchor);
}

/** The anchors that GitHub gives to headings. */
function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#+ (?<heading>.+)$/gm)].map(({ groups }) =>
    (groups?.['heading'] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```/gm, '');
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** The names of all fields, those of a pipeline without what is before them. `kind` is set by the functions. */
function fieldsOf(schema: JsonSchema, path = ''): string[] {
  const { properties, additionalProperties, anyOf, oneOf } = schema;
  const inner = Object.entries(properties ?? {}).flatMap(([name, field]) => fieldsOf(field, join(path, name)));
  const choices = [...(anyOf ?? []), ...(oneOf ?? [])].flatMap((choice) => fieldsOf(choice, path));
  const named = typeof additionalProperties === 'object' ? fieldsOf(additionalProperties, '') : [];
  const found = [...inner, ...choices, ...named];
  if (found.length === 0) return path.endsWith('kind') ? [] : [path.replaceAll('/', '.')];
  return [...new Set(found)].toSorted();
}

/** As the settings write it: the largest unit that fits. */
function duration(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const;
  const unit = units.find(([, size]) => ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}
