/** What an operator reads, pipes and pastes: the built commands with a real shell, beside a service that runs. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { keylane, MAIN, type CommandResult } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { LedgerProject } from '../support/ledger-project.ts';

const NOISE = `console.log('noise from the settings');\nprocess.stdout.write('more noise\\n');\n`;

let emulator: Server;
let stream: KinesisStream;
let project: LedgerProject;
let service: ChildProcess;
let client: Client;
let name: string;
let env: Record<string, string>;

beforeAll(async () => {
  name = uniqueName();
  emulator = await startKinesalite({ shardLimit: 50 });
  stream = await KinesisStream.create(emulator.endpoint, name, 1);
  const { address, namespace } = devServer();
  client = new Client({ connection: await Connection.connect({ address }), namespace });
  env = { ...EMULATOR_ENV, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint, TEMPORAL_ADDRESS: address };
  project = await LedgerProject.create({ stream: name, pipeline: name });
  await writeFile(
    join(project.folder, 'keylane.config.mjs'),
    `${NOISE}export default {
  temporal: { taskQueue: '${name}' },
  pipelines: {
    '${name}': {
      source: { kind: 'kinesis', stream: '${name}' },
      key: (record) => record.json().key,
      handler: './handler.ts',
      retry: { maxAttempts: 1 },
    },
  },
};\n`,
  );
  // The reader of its log goes away after the first line.
  service = spawn(process.execPath, [MAIN, 'start', '--config', 'keylane.config.mjs', '--log-level', 'trace'], {
    cwd: project.folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(service.stderr!, 'data');
  service.stderr!.destroy();
  service.stdout!.destroy();
}, 60_000);

afterAll(async () => {
  service.kill('SIGKILL');
  stream.close();
  await project.remove();
  await client.connection.close();
  await emulator.stop();
});

const run = (...argv: string[]): Promise<CommandResult> =>
  keylane([...argv, '--config', 'keylane.config.mjs'], { cwd: project.folder, env });

/** In bash, with `keylane` as an installed program. */
async function shell(script: string): Promise<CommandResult> {
  const bin = join(project.folder, 'bin');
  await mkdir(bin, { recursive: true });
  const program = `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@" --config keylane.config.mjs\n`;
  await writeFile(join(bin, 'keylane'), program, { mode: 0o755 });
  const path = `${bin}:${process.env['PATH'] ?? ''}`;
  const options = { cwd: project.folder, env: { ...process.env, ...env, NO_COLOR: '1', PATH: path } };
  return await new Promise((resolve) => {
    execFile('bash', ['-c', script], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

let written = 0;
/** Records that fail until they are replaced. */
async function poison(...keys: string[]): Promise<void> {
  for (const key of keys) {
    written += 1;
    await stream.put([{ key: 'any', data: JSON.stringify({ key, n: written, poison: true }) }]);
  }
}

interface Listed {
  readonly key: string;
  readonly name: string;
  readonly position: string;
}

async function blocked(): Promise<Listed[]> {
  const { stdout } = await run('blocked', '--json', '--limit', '0', '--pipeline', name);
  return (JSON.parse(stdout) as { blocked: Listed[] }).blocked;
}

const blockedKeys = async (): Promise<string[]> => (await blocked()).map(({ key }) => key).toSorted();

async function whenBlocked(...keys: string[]): Promise<void> {
  await eventually(async () => JSON.stringify(await blockedKeys()) === JSON.stringify(keys.toSorted()), 60_000);
}

const handled = async (key: string): Promise<number[]> =>
  (await project.booked()).filter((booked) => booked.key === key).map(({ n }) => n);

test('the recipe decides on what was listed and on nothing else, whatever the keys (fault E4)', async () => {
  const keys = ['x\norder-13', 'order-13', 'nul\0byte', '-y', "it's; touch pwned"];
  await poison(...keys, 'order-13');
  await whenBlocked(...keys);
  await shell(`keylane blocked --names0 --limit 0 --pipeline ${name} > seen`);
  // Somebody else decides on one of them: its next record is one that nobody has looked at.
  expect((await run('skip', `${name}:order-13`)).code).toBe(0);
  await whenBlocked(...keys);
  const late = await shell('xargs -0 -r keylane skip --yes --no-wait < seen');
  expect(late.stderr).toContain('has been passed');
  await whenBlocked('order-13');
  const recipe = `keylane blocked --names0 --limit 0 --pipeline ${name} | xargs -0 -r keylane skip --yes`;
  expect(await shell(recipe)).toMatchObject({ code: 0 });
  await whenBlocked();
  expect(await shell(recipe)).toMatchObject({ code: 0, stdout: '' });
}, 180_000);

test('a pasted command of `show` releases a key that cannot be typed (fault E1)', async () => {
  await poison('a\u200b\0b');
  await whenBlocked('a\u200b\0b');
  const [listed] = await blocked();
  const target = JSON.stringify({ pipeline: name, key: listed!.key });
  const { stdout } = await run('show', '--target', target);
  expect(stdout).toContain(String.raw`a\u200b\u0000b`);
  const command = /drop it +(?<command>.*)/.exec(stdout)?.groups?.['command'] ?? '';
  expect(await shell(command)).toMatchObject({ code: 0 });
  await whenBlocked();
}, 120_000);

describe('--json', () => {
  test('is one document, whatever the settings print (fault F2)', async () => {
    const { code, stdout, stderr } = await run('status', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ pipelines: [{ pipeline: name }] });
    expect(stderr).toContain('noise from the settings');
    expect(stderr).toContain('more noise');
  });

  test('of an error is a document too (fault F2)', async () => {
    const { code, stdout, stderr } = await run('show', 'nobody', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      kind: 'error',
      error: {
        code: 'lane-not-found',
        exitCode: 3,
        message: expect.stringContaining('no lane for key "nobody"'),
        pipeline: name,
        key: 'nobody',
      },
    });
    expect(stderr).toContain('error: ');
  });

  test('of several keys names those that were refused (fault F2)', async () => {
    await poison('json-1', 'json-2');
    await whenBlocked('json-1', 'json-2');
    const { code, stdout } = await run('skip', 'json-1', 'nobody', 'json-2', '--yes', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      decisions: [
        { key: 'json-1', outcome: { record: 'skipped' } },
        { key: 'json-2', outcome: { record: 'skipped' } },
      ],
      refused: [{ key: 'nobody', error: { code: 'lane-not-found', exitCode: 3 } }],
    });
    const none = await run('skip', 'nobody', 'no-one', '--yes', '--json');
    expect((JSON.parse(none.stdout) as { refused: unknown[] }).refused).toHaveLength(2);
  });
});

test('a command whose reader has read enough says nothing and ends as it would (fault F3)', async () => {
  const { code, stdout, stderr } = await shell(
    'exec 3>&1; { keylane status --json 2>&4; echo "code $?" >&3; } 4>errors | true; grep -v noise errors',
  );
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: 'code 0\n', stderr: '' });
});

test('verbs say what became of the record, and fail when it fails again (fault G1)', async () => {
  await poison('again', 'again');
  await whenBlocked('again');
  const bad = await run('replace', 'again', '--data', '{"key":"again","n":-1,"poison":true}');
  expect(bad).toMatchObject({ code: 1, stdout: expect.stringContaining('failed again, attempt ') });
  expect(bad.stdout).toContain('Error: poison; 1 event waits behind it');
  const good = await run('replace', 'again', '--data', '{"key":"again","n":1}', '--json');
  expect(good.code).toBe(0);
  expect(JSON.parse(good.stdout)).toMatchObject({ decisions: [{ outcome: { record: 'handled', waiting: 1 } }] });
  expect(await handled('again')).toEqual([1]);
  await whenBlocked('again');
  const skipped = await run('skip', 'again');
  expect(skipped).toMatchObject({ code: 0, stdout: expect.stringContaining('skipped; no events wait') });
  expect((await run('retry', 'again', '--wait', 'long')).code).toBe(2);
});

test('a signal that is refused says so on the page of the lane, with what to send (faults E3, G6)', async () => {
  await poison('signalled');
  await whenBlocked('signalled');
  const lane = client.workflow.getHandle(laneWorkflowId(name, 'signalled'));
  await lane.signal('replace', { key: 'signalled', n: 5 });
  const metadata = await eventually(async () => {
    const found = await lane.query<Metadata>('__temporal_workflow_metadata');
    return found.currentDetails?.includes('Refused') === true ? found : false;
  });
  expect(metadata.currentDetails).toContain('fields that are not known (key, n)');
  expect(metadata.currentDetails).toContain('{"data": {...}}');
  const { definition } = metadata;
  const named = [...definition.signalDefinitions, ...definition.updateDefinitions, ...definition.queryDefinitions];
  const bare = named.filter((each) => !each.name.startsWith('__') && !each.description).map((each) => each.name);
  expect(bare).toEqual([]);
  expect((await run('show', 'signalled')).stdout).toContain('refused');
  const { memo } = await lane.describe();
  expect(memo?.['since']).toMatch(/^\d{4}-\d\d-\d\dT/);
  await lane.signal('replace', { data: { key: 'signalled', n: 5 } });
  await whenBlocked();
  expect(await handled('signalled')).toEqual([5]);
});

interface Named {
  readonly name: string;
  readonly description?: string;
}

interface Metadata {
  readonly currentDetails?: string;
  readonly definition: {
    readonly signalDefinitions: readonly Named[];
    readonly updateDefinitions: readonly Named[];
    readonly queryDefinitions: readonly Named[];
  };
}

test('commands work on a pipeline that the settings do not have any more (fault G8)', async () => {
  await poison('left');
  await whenBlocked('left');
  await writeFile(
    join(project.folder, 'keylane.config.mjs'),
    `export default { pipelines: { renamed: { source: { kind: 'kinesis', stream: '${name}' }, handler: './handler.ts' } } };\n`,
  );
  expect(JSON.parse((await run('status', '--json')).stdout)).toMatchObject({
    others: expect.arrayContaining([{ pipeline: name, blocked: 1 }]),
  });
  expect((await run('status', '--pipeline', name)).stdout).toContain('1 blocked');
  expect((await run('blocked', '--pipeline', name)).stdout).toContain(`${name}:left`);
  expect((await run('show', `${name}:left`)).stdout).toContain('blocked for');
  expect((await run('show', 'left')).code).toBe(3);
  expect((await run('status', '--pipeline', 'nowhere')).code).toBe(3);
  expect(await run('skip', `${name}:left`)).toMatchObject({ code: 0 });
}, 60_000);

test('a service does not end with the reader of its log (fault F3)', () => {
  expect([service.exitCode, service.signalCode]).toEqual([null, null]);
});
