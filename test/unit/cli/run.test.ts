import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderWithPipelines, keylane } from './fake-io.ts';

describe('wrong usage ends with 2', () => {
  const NO_TIME = 'It must be a valid time such as 2026-01-31T12:00:00Z.';
  // Without the reason a command that takes the value passes too: there are no settings here, which also ends with 2.
  test.each([
    ['no command', [], 'Usage: keylane'],
    ['an unknown command', ['blockd'], "unknown command 'blockd'"],
    ['an unknown option', ['status', '--yaml'], "unknown option '--yaml'"],
    ['no key', ['retry'], 'No key was given.'],
    ['a limit that is no number', ['blocked', '--limit', 'many'], 'It must be a whole number, 0 or more.'],
    ['two keys for show', ['show', 'a', 'b'], 'Expected 1 argument but got 2.'],
    ['an unknown log level', ['worker', '--log-level', 'loud'], 'Allowed choices are trace, debug,'],
    ['a time that is none', ['start', '--from', 'yesterday'], NO_TIME],
    ['a day that there is not (fault H7)', ['start', '--from', '2026-02-31'], NO_TIME],
    ['a day that there is not, with a time (fault H7)', ['start', '--from', '2025-02-29T12:00:00Z'], NO_TIME],
    ['an hour that there is not (fault H7)', ['bridge', '--from', '2026-01-31T25:00:00Z'], NO_TIME],
    ['a time that lies ahead (fault H7)', ['bridge', '--from', '2999-01-01T00:00:00Z'], 'It is in the future'],
    ['an address of metrics that is none', ['worker', '--metrics-address', '9464'], 'It must be "host:port"'],
  ])('%s', async (_title, argv, reason) => {
    const { code, stdout, stderr } = await keylane(argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(reason);
  });

  test('a limit below 0 (fault H5)', async () => {
    const { code, stderr } = await keylane(['blocked', '--limit', '-1']);
    expect(code).toBe(2);
    expect(stderr).toContain('It must be a whole number, 0 or more.');
  });

  test('a mistyped command: what was meant', async () => {
    expect((await keylane(['blockd'])).stderr).toMatchInlineSnapshot(`
      "error: unknown command 'blockd'
      (Did you mean blocked?)
      "
    `);
  });

  test('replace without data, with two, with none that is JSON, with no such file (fault H5)', async () => {
    expect((await keylane(['replace', 'a'])).stderr).toMatchInlineSnapshot(`
      "error: Give the new data by --data or by --file.
      "
    `);
    const both = await keylane(['replace', 'a', '--data', '1', '--file', 'x']);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude each other') as string });
    expect((await keylane(['replace', 'a', '--data', '{a:1}'])).stderr).toMatchInlineSnapshot(`
      "error: --data is not JSON: SyntaxError: Expected property name or '}' in JSON at position 1. For data that is none, use --file.
      "
    `);
    expect((await keylane(['replace', 'a', '--file', '/nonexistent/x'])).stderr).toContain('--file cannot be read');
  });

  test('a position that is none, or one for several keys', async () => {
    expect((await keylane(['skip', 'a', '--position', '42'])).stderr).toMatchInlineSnapshot(`
      "error: "42" is not a position; one looks like shardId-000000000000:4958...3, as \`keylane show\` prints it.
      "
    `);
    expect((await keylane(['skip', 'a', 'b', '--position', 'shardId-0:42'])).stderr).toMatchInlineSnapshot(`
      "error: --position names one record, so it needs exactly one key.
      "
    `);
  });

  test('several keys, nobody to ask, and no --yes', async () => {
    const { code, stderr } = await keylane(['retry', 'a', 'b']);
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "error: There is no terminal to confirm on: pass --yes to retry 2 keys.
      "
    `);
  });

  test('--from for DynamoDB Streams', async () => {
    const cwd = await folderWithPipelines(['carts'], 'dynamodb');
    const { code, stderr } = await keylane(['start', '--from', '2026-01-31T12:00:00Z'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "error: --from cannot be used for carts: DynamoDB Streams cannot be read from a point in time. Use --start-over for these, and --pipeline to name the others.
      "
    `);
  });
});

describe('without a settings file', () => {
  const cwd = '/nonexistent';

  test('a process ends with 2', async () => {
    const { code, stderr } = await keylane(['start'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('there is no keylane.config.ts');
    expect(await keylane(['start', '--no-config'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('needs a settings file'),
    });
  });

  test('a file that is named must be there, also to look', async () => {
    const { code, stdout, stderr } = await keylane(['status', '--json', '--config', 'keylane.config.ts'], { cwd });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'invalid-settings', exitCode: 2 } });
    expect(stderr).toContain('the file does not exist');
  });

  test('looking and deciding use the address of the environment', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { code, stderr } = await keylane(['blocked'], { cwd, env: { TEMPORAL_ADDRESS: address } });
    expect(code).toBe(5);
    expect(stderr).toContain(`Temporal cannot be reached at ${address}`);
  });

  test('--no-config does not run a file that is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keylane-cli-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'keylane.config.mjs'), `throw new Error('it was run');`);
    const address = `127.0.0.1:${await freePort()}`;
    const run = (...argv: string[]) => keylane(['blocked', '--address', address, ...argv], { cwd: folder });
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('it was run') });
    expect(await run('--no-config')).toMatchObject({ code: 5, stderr: expect.not.stringContaining('it was run') });
  });
});

test('a process cannot run a pipeline that the settings do not have: 3, before any connection', async () => {
  const cwd = await folderWithPipelines(['orders', 'users']);
  const { code, stderr } = await keylane(['worker', '--pipeline', 'carts'], { cwd });
  expect(code).toBe(3);
  expect(stderr).toMatchInlineSnapshot(`
    "error: There is no pipeline "carts" in the settings. Known: orders, users.
    "
  `);
});

test('Temporal out of reach ends with 5, and --json has a document that says so (fault F2)', async () => {
  const cwd = await folderWithPipelines(['orders']);
  const address = `127.0.0.1:${await freePort()}`;
  const { code, stdout, stderr } = await keylane(['blocked', '--json', '--address', address], { cwd });
  expect(code).toBe(5);
  const message = expect.stringContaining(`Temporal cannot be reached at ${address}`) as string;
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    kind: 'error',
    error: { code: 'temporal-unreachable', exitCode: 5, message, address },
  });
  expect(stderr).toContain(`Temporal cannot be reached at ${address}`);
});

test('--json is an option, and not the value of one or a key (fault F2)', async () => {
  const cwd = await folderWithPipelines(['orders']);
  const address = `127.0.0.1:${await freePort()}`;
  const isDocument = async (...argv: string[]) =>
    (await keylane([...argv, '--address', address], { cwd })).stdout !== '';
  expect(await isDocument('skip', '--reason', '--json', 'a')).toBe(false);
  expect((await keylane(['skip', '--address', address, '--', '--json'], { cwd })).stdout).toBe('');
  expect((await keylane(['skip', '--jsno', '--json'], { cwd })).stdout).toContain('"code": "usage"');
}, 20_000);

test('--version prints the version and nothing else', async () => {
  const { code, stdout } = await keylane(['--version']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
