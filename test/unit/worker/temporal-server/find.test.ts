import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cachedBinary, TEMPORAL_CLI_VERSION } from '../../../../worker/temporal-server/cache.ts';
import { TemporalServerUnavailableError } from '../../../../worker/temporal-server/errors.ts';
import { findTemporalBinary, type FindOptions } from '../../../../worker/temporal-server/find.ts';
import { devServer } from '../../../support/dev-server.ts';
import { processesWith, until } from './processes.ts';

/** Passes for a temporal CLI as long as nobody starts a server with it. */
const TEMPORAL = `#!/bin/sh
case "$*" in
  --version) echo 'temporal version 9.9.9 (Server 9.9.9, UI 9.9.9)' ;;
  *) echo '--sqlite-pragma --dynamic-config-value --search-attribute --headless' ;;
esac
`;
const OLD_TEMPORAL = `#!/bin/sh
case "$*" in
  --version) echo 'temporal version 0.9.0' ;;
  *) echo 'Error: unknown command' >&2; exit 1 ;;
esac
`;

let folder: string;
let path: string;
let cache: string;
let messages: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keylane-find-'));
  path = join(folder, 'bin');
  cache = join(folder, 'cache', 'keylane');
  messages = [];
  await mkdir(path);
  // The tools that scripts need, and nothing else that is on this machine's PATH.
  for (const tool of ['sh', 'sleep', 'cat', 'chmod', 'cp']) await symlink(`/bin/${tool}`, join(path, tool));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Nothing listens at the proxy, so that no download comes through on a machine that is online either. */
function environment(): NodeJS.ProcessEnv {
  const proxy = 'http://127.0.0.1:9';
  return { PATH: path, HOME: folder, KEYLANE_CACHE: cache, HTTPS_PROXY: proxy, HTTP_PROXY: proxy, ALL_PROXY: proxy };
}

async function find(options: Partial<FindOptions> = {}) {
  return await findTemporalBinary({ env: environment(), report: (message) => messages.push(message), ...options });
}

async function put(file: string, content: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content, { mode: 0o755 });
  return file;
}

/** A `go` that answers `go version`, and does `build` when it is to build; $out is where the binary is to go. */
async function putGo(version: string, build: string): Promise<void> {
  const parse = 'while [ $# -gt 0 ]; do case "$1" in -o) out="$2";; esac; shift; done';
  await put(
    join(path, 'go'),
    `#!/bin/sh\nif [ "$1" = version ]; then echo "go version go${version} linux/amd64"; exit; fi\n${parse}\n${build}\n`,
  );
}

async function reasons(options: Partial<FindOptions> = {}): Promise<TemporalServerUnavailableError> {
  const error = await find(options).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TemporalServerUnavailableError);
  return error as TemporalServerUnavailableError;
}

describe('the order', () => {
  test('a temporal on the PATH comes before one in the cache', async () => {
    await put(cachedBinary(environment()), TEMPORAL);
    const onPath = await put(join(path, 'temporal'), TEMPORAL);
    const version = 'temporal version 9.9.9 (Server 9.9.9, UI 9.9.9)';
    await expect(find()).resolves.toEqual({ path: onPath, version, origin: 'path' });
    expect(messages).toEqual([]);
  });

  test('one on the PATH that cannot run a dev server is passed over', async () => {
    await put(join(path, 'temporal'), OLD_TEMPORAL);
    const other = await put(join(folder, 'other', 'temporal'), TEMPORAL);
    const env = { ...environment(), PATH: `${path}:${dirname(other)}:.:` };
    await expect(find({ env })).resolves.toMatchObject({ path: other, origin: 'path' });
  });

  test('one in the cache comes before a download or a build', async () => {
    const cached = await put(cachedBinary(environment()), TEMPORAL);
    await expect(find()).resolves.toMatchObject({ path: cached, origin: 'cache' });
    expect(messages).toEqual([]);
  });

  test('the binary of this test run is found where it is', async () => {
    const binary = join(cache, `temporal-${TEMPORAL_CLI_VERSION}`, 'temporal');
    await mkdir(dirname(binary), { recursive: true });
    await symlink(devServer().binary, binary);
    const found = await find();
    expect(found).toMatchObject({ path: binary, origin: 'cache' });
    expect(found.version).toMatch(/^temporal version /);
  });

  test('KEYLANE_CACHE comes before XDG_CACHE_HOME, which comes before the home folder', () => {
    const tail = join(`temporal-${TEMPORAL_CLI_VERSION}`, 'temporal');
    expect(cachedBinary({ KEYLANE_CACHE: '/k', XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe(join('/k', tail));
    expect(cachedBinary({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe(join('/x/keylane', tail));
    expect(cachedBinary({ XDG_CACHE_HOME: 'relative', HOME: '/h' })).toBe(join('/h/.cache/keylane', tail));
  });

  test('the version in the code is the one that tools/temporal-cli builds', async () => {
    const module = await readFile(new URL('../../../../tools/temporal-cli/go.mod', import.meta.url), 'utf8');
    expect(module).toContain(`github.com/temporalio/cli v${TEMPORAL_CLI_VERSION}`);
  });
});

describe('a build', () => {
  test('is made from a copy of the module, kept in the cache, and used from then on', async () => {
    const template = await put(join(folder, 'template'), TEMPORAL);
    await putGo('1.26.4', `cat go.mod go.sum >/dev/null && cp ${template} "$out"`);
    const target = cachedBinary(environment());
    await expect(find()).resolves.toMatchObject({ path: target, origin: 'build' });
    await expect(find()).resolves.toMatchObject({ path: target, origin: 'cache' });
    expect(await readdir(dirname(target))).toEqual(['temporal']);
  });

  test('replaces a broken binary in the cache', async () => {
    const target = await put(cachedBinary(environment()), 'half a bin');
    const template = await put(join(folder, 'template'), TEMPORAL);
    await putGo('1.26.4', `cp ${template} "$out"`);
    await expect(find()).resolves.toMatchObject({ path: target, origin: 'build' });
  });

  test('tells why it builds, how long it takes, how far it is, and where the binary is kept', async () => {
    const gate = join(folder, 'gate');
    const template = await put(join(folder, 'template'), TEMPORAL);
    await putGo(
      '1.27.0',
      `echo 'go: downloading a v1'; echo some/package; while [ ! -e ${gate} ]; do sleep 0.02; done; cp ${template} "$out"`,
    );
    const finding = find({ reportEveryMs: 20 });
    await until(() => messages.some((message) => message.endsWith('1 modules downloaded, 1 packages compiled.')));
    await writeFile(gate, '');
    await finding;
    expect(messages[0]).toBe(
      `No Temporal server is set and no temporal CLI was found: downloading temporal CLI ${TEMPORAL_CLI_VERSION}.`,
    );
    expect(messages[1]).toMatch(/^The download failed: .*temporal\.download/);
    expect(messages[2]).toContain('with go1.27.0. This takes 3 to 8 minutes on two cores, once: it will be kept in ');
    expect(messages[2]).toContain(cache);
    expect(messages.at(-1)).toMatch(/^Built the Temporal dev server in \d+ s: /);
  });

  test('that is aborted ends with all its processes and leaves no file', async () => {
    // What go starts itself must end too.
    await putGo('1.26.4', 'echo half >"$out"; sleep 987.654 & sleep 987.654');
    const abort = new AbortController();
    const finding = find({ signal: abort.signal });
    await until(() => processesWith('sleep 987.654').length === 2);
    abort.abort(new Error('Ctrl-C'));
    await expect(finding).rejects.toThrow('Ctrl-C');
    expect(processesWith('sleep 987.654')).toEqual([]);
    expect(await readdir(dirname(cachedBinary(environment())))).toEqual([]);
  });

  test('is made once when two want it at the same time', async () => {
    const template = await put(join(folder, 'template'), TEMPORAL);
    await putGo('1.26.4', `echo built >>${folder}/builds; sleep 0.3; cp ${template} "$out"`);
    const found = await Promise.all([find(), find()]);
    expect(found.map(({ origin }) => origin).toSorted()).toEqual(['build', 'cache']);
    expect(await readFile(join(folder, 'builds'), 'utf8')).toBe('built\n');
    expect(messages).toContain('Another process is installing the Temporal dev server: waiting for it.');
  });

  test('takes over from a process that died over it, and removes what that one left', async () => {
    const home = dirname(cachedBinary(environment()));
    const turn = await put(join(home, 'installing'), '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(turn, longAgo, longAgo);
    await put(join(home, 'building-x', 'temporal'), 'half');
    const template = await put(join(folder, 'template'), TEMPORAL);
    await putGo('1.26.4', `cp ${template} "$out"`);
    await expect(find()).resolves.toMatchObject({ origin: 'build' });
    expect(await readdir(home)).toEqual(['temporal']);
  });
});

describe('when nothing works', () => {
  test('the error lists every way with its reason, and what to do', async () => {
    await put(join(path, 'temporal'), OLD_TEMPORAL);
    await putGo('1.26.4', 'echo "some/file.go:1: does not compile" >&2; exit 1');
    const error = await reasons();
    expect(error.attempts.map(({ way }) => way)).toEqual([
      'a temporal on the PATH',
      'one downloaded or built before',
      'the official download',
      'a build with Go',
    ]);
    const [onPath, cached, download, build] = error.attempts.map(({ reason }) => reason);
    expect(onPath).toContain('server start-dev --help failed: Error: unknown command');
    expect(cached).toContain(`not found at ${cache}`);
    expect(download).toContain('temporal.download');
    expect(build).toContain('exit code 1\nsome/file.go:1: does not compile');
    for (const remedy of ['TEMPORAL_ADDRESS', 'temporal.address', 'docs.temporal.io/cli', 'Go 1.26.4']) {
      expect(error.message).toContain(remedy);
    }
    expect(await readdir(dirname(cachedBinary(environment())))).toEqual([]);
  });

  test('a build that gives no temporal is not kept', async () => {
    await putGo('1.26.4', 'echo "#!/bin/sh" >"$out"; chmod +x "$out"');
    const error = await reasons();
    expect(error.attempts.at(-1)?.reason).toContain('which is not the temporal CLI');
    expect(await readdir(dirname(cachedBinary(environment())))).toEqual([]);
  });

  test.each(['1.26.3', '1.9.7', '1.26'])('Go %s is too old', async (version) => {
    await putGo(version, 'exit 0');
    const error = await reasons();
    expect(error.attempts.at(-1)?.reason).toMatch(/^Go 1\.26\.4 or newer is needed, and `go version` prints/);
  });

  test('a missing Go is named', async () => {
    const error = await reasons();
    expect(error.attempts[0]?.reason).toBe('not found');
    expect(error.attempts.at(-1)?.reason).toContain('`go version` could not be started (spawn go ENOENT)');
  });

  test('a cache folder that cannot be made is named', async () => {
    await put(join(folder, 'cache'), 'a file in the way');
    const error = await reasons();
    expect(error.attempts.at(-1)).toMatchObject({ way: 'a place to keep it' });
    expect(error.attempts.at(-1)?.reason).toContain('ENOTDIR');
  });
});
