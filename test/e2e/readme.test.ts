/** The README's first pipeline, with its files and its commands as they are written there. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { KeylaneProcess, MAIN } from '../support/keylane-process.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
let emulator: Server;
let readme: string;

beforeAll(async () => {
  readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  emulator = await startKinesalite();
  folder = await mkdtemp(join(tmpdir(), 'keylane-readme-'));
  // What `npm install /path/to/clone` makes.
  await mkdir(join(folder, 'node_modules', '.bin'), { recursive: true });
  await symlink(ROOT, join(folder, 'node_modules', 'keylane'));
  await symlink(MAIN, join(folder, 'node_modules', '.bin', 'keylane'));
  await writeFile(join(folder, 'package.json'), '{ "name": "payments", "private": true, "type": "module" }\n');
});

afterAll(async () => {
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The code block that follows a file's name. */
function fileOf(name: string): string {
  const block = new RegExp(`\`${name.replaceAll('.', '\\.')}\`:\\s+\`\`\`ts\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (block === undefined) throw new Error(`The README has no ${name}`);
  return block.replace(/^ {3}/gm, '');
}

/** The command lines of the README that begin so. */
function commands(beginning: string): string[] {
  return readme
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(beginning));
}

test('a first pipeline: blocked by the record with a word, released by replace', async () => {
  for (const name of ['keylane.config.ts', 'handlers/payments.ts']) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), fileOf(name));
  }
  // There is no aws command here; its arguments are taken for what they say.
  const records = commands('aws kinesis put-record').map((line) => ({
    key: /--partition-key (\S+)/.exec(line)?.[1] ?? '',
    data: /--data '([^']+)'/.exec(line)?.[1] ?? '',
  }));
  expect(records).toHaveLength(2);
  const stream = await KinesisStream.create(emulator.endpoint, 'payments', 1);
  await stream.put(records);

  const env = { ...EMULATOR_ENV, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint, TEMPORAL_ADDRESS: '' };
  const dev = new KeylaneProcess(['dev', '--log-format', 'json'], { cwd: folder, env });
  const address = await eventually(() => /"address":"([^"]+)"/.exec(dev.output)?.[1] ?? false, 60_000);
  const typed = async (line: string) => {
    const shell = { cwd: folder, env: { ...process.env, ...env, TEMPORAL_ADDRESS: address, NO_COLOR: '1' } };
    return (await run('sh', ['-c', line], shell)).stdout;
  };
  const [blocked = '', show = '', replace = ''] = ['blocked', 'show', 'replace'].map(
    (verb) => commands(`npx keylane ${verb}`)[0] ?? '',
  );
  await eventually(async () => (await typed(blocked)).includes('a-2'), 60_000);
  expect(await typed(show)).toContain('amount of a-2 is not a number');
  expect(await typed(replace)).toContain('replaced');
  await eventually(() => dev.output.includes('"amount":7'));
  expect(dev.output.indexOf('"amount":5')).toBeLessThan(dev.output.indexOf('"amount":7'));
  expect((await dev.signal('SIGINT')).code).toBe(0);
  stream.close();
}, 180_000);

test('the two commands are scripts of the package', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  expect(readme).toContain('npm ci && npm run demo\n');
  expect(readme).toContain('npm ci && npm test\n');
  // From a clean clone: each builds what it runs.
  const builds = expect.stringMatching(/^npm run (--silent )?build && /) as string;
  expect(scripts).toMatchObject({ demo: builds, test: builds });
});

test('its commands of aws name the emulator by an option that every version 2 knows (fault H2)', () => {
  const lines = commands('aws ');
  expect(lines.length).toBeGreaterThanOrEqual(3);
  for (const line of lines) expect(line).toContain('--endpoint-url http://127.0.0.1:4567');
});

test('an installation runs no script of the package, and what it packs has been built (fault H6)', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const onInstall = new Set(['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']);
  expect(Object.keys(scripts).filter((name) => onInstall.has(name))).toEqual([]);
  expect(scripts).toMatchObject({ prepack: 'npm run build' });
  expect(readme).toContain('`npm ci && npm run build`');
});

test('a project without a resolution by exports finds the code and its types (fault H4)', async () => {
  const { main, types, exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly main: string;
    readonly types: string;
    readonly exports: Readonly<Record<string, unknown>>;
  };
  expect(exports['.']).toEqual({ types, default: main });
  const required = createRequire(join(folder, 'index.cjs'))('keylane') as object;
  expect(Object.keys(required)).toContain('defineConfig');
  expect(await readFile(join(ROOT, types), 'utf8')).toContain('defineConfig');
});
