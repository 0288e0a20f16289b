/** The built command line as a person meets it: errors with their exit codes, and a server that forgets nothing. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ensureSearchAttributes } from '../../worker/temporal-server/search-attributes.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { keylane, KeylaneProcess, type ProcessEnvironment } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { LedgerProject } from '../support/ledger-project.ts';

let emulator: Server;
let stream: KinesisStream | undefined;
let project: LedgerProject;
let name: string;

beforeAll(async () => {
  emulator = await startKinesalite({ shardLimit: 50 });
});
afterAll(() => emulator.stop());
afterEach(async () => {
  stream?.close();
  stream = undefined;
  await project.remove();
});

async function newProject(options: { readonly stream?: string; readonly more?: string } = {}): Promise<void> {
  name = uniqueName();
  project = await LedgerProject.create({
    stream: options.stream ?? name,
    pipeline: name,
    more: options.more ?? "retry: { maxAttempts: 2, initialInterval: '50ms' }",
  });
}

function where(env: Readonly<Record<string, string>> = {}): ProcessEnvironment {
  const { address } = devServer();
  const known = { ...EMULATOR_ENV, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint, TEMPORAL_ADDRESS: address };
  return { cwd: project.folder, env: { ...known, ...env } };
}

describe('bad input gets a clear error and loses nothing', () => {
  test('wrong settings: field, value, and what is allowed; exit code 2', async () => {
    await newProject({ more: "retry: { maxAttempts: 0 }, timeout: '5 bananas', handlr: 1" });
    const { code, stdout, stderr } = await keylane(['status'], where());
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`pipelines.${name}.retry.maxAttempts`);
    expect(stderr).toContain('5 bananas');
    expect(stderr).toContain('handlr');
  });

  test('a handler file that is not there, or has no default export; exit code 2', async () => {
    await newProject();
    await writeFile(join(project.folder, 'handler.ts'), 'export const handle = () => {};\n');
    const noDefault = await keylane(['worker'], where());
    expect(noDefault.code).toBe(2);
    expect(noDefault.stderr).toContain('default export');
    await writeFile(
      join(project.folder, 'keylane.config.mjs'),
      `export default { pipelines: { p: { source: { kind: 'kinesis', stream: 's' }, handler: './nowhere.ts' } } };\n`,
    );
    const missing = await keylane(['worker', '--config', 'keylane.config.mjs'], where());
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain(join(project.folder, 'nowhere.ts'));
  });

  test('a search attribute of Keylane that exists with another type: what to type; exit code 2 (fault F9)', async () => {
    await newProject();
    const namespace = uniqueName();
    const connection = await Connection.connect({ address: devServer().address });
    const workflowExecutionRetentionPeriod = { seconds: 86_400 as never };
    await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
    await eventually(() => ensureSearchAttributes(connection, namespace, { KeylaneBacklog: 'Keyword' }), 30_000);
    await connection.close();
    const { code, stderr } = await keylane(['worker', '--namespace', namespace], where());
    expect(code).toBe(2);
    expect(stderr).toContain('KeylaneBacklog is Keyword, must be Int');
    expect(stderr).toContain(`search-attribute create --namespace ${namespace} --name KeylaneBacklog --type Int`);
  });

  test('keylane dev uses the namespace that is set (fault F11)', async () => {
    await newProject();
    stream = await KinesisStream.create(emulator.endpoint, name, 1);
    const env = where({ TEMPORAL_NAMESPACE: 'orders', TEMPORAL_ADDRESS: '' });
    const dev = new KeylaneProcess(['dev', '--temporary'], env);
    await eventually(() => Promise.resolve(dev.output.includes('Keylane started')), 60_000);
    const address = /"address":"([^"]+)"/.exec(dev.output)?.[1] ?? '';
    const { code, stdout } = await keylane(['status', '--json'], where({ ...env.env, TEMPORAL_ADDRESS: address }));
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('reading') as string });
    expect((await dev.signal('SIGTERM')).code).toBe(0);
  });

  test('a stream that is not there is named with what to do; exit code 5', async () => {
    await newProject({ stream: 'no-such-stream' });
    const { code, stderr } = await keylane(['bridge'], where());
    expect(code).toBe(5);
    expect(stderr).toContain('no-such-stream');
  });

  test('Temporal not reachable: the command says where it looked; exit code 5', async () => {
    await newProject();
    const { code, stdout, stderr } = await keylane(['blocked'], where({ TEMPORAL_ADDRESS: '127.0.0.1:1' }));
    expect(code).toBe(5);
    expect(stdout).toBe('');
    expect(stderr).toContain('127.0.0.1:1');
  });

  test('a process that stays says once that Temporal cannot be reached, and stops when asked to', async () => {
    await newProject();
    const worker = new KeylaneProcess(['worker'], where({ TEMPORAL_ADDRESS: '127.0.0.1:1' }));
    await eventually(() => worker.output.includes('Retrying until it is reachable'));
    const { code, stderr } = await worker.signal('SIGTERM');
    expect(code).toBe(0);
    expect(stderr.match(/Retrying until/g)).toHaveLength(1);
  });

  test('an unknown key gives exit code 3, an unknown command 2', async () => {
    await newProject();
    expect((await keylane(['show', 'nobody'], where())).code).toBe(3);
    expect((await keylane(['shov', 'nobody'], where())).code).toBe(2);
  });
});

describe('the operator', () => {
  test('O5 O11 keylane dev keeps a blocked key over a stop and a start; the verbs release it', async () => {
    await newProject();
    stream = await KinesisStream.create(emulator.endpoint, name, 1);
    await stream.put([
      { key: 'order-1', data: '{"n":1}' },
      { key: 'order-1', data: '{"n":2,"poison":true}' },
      { key: 'order-1', data: '{"n":3}' },
      { key: 'order-2', data: '{"n":1}' },
    ]);
    // No address: dev starts a server of its own.
    const env = { ...where().env, TEMPORAL_ADDRESS: '' };
    const start = () => new KeylaneProcess(['dev', '--log-format', 'json'], { cwd: project.folder, env });
    const addressOf = (process: KeylaneProcess) =>
      eventually(() => /"address":"([^"]+)"/.exec(process.output)?.[1] ?? false, 60_000);

    const first = start();
    const firstAddress = await addressOf(first);
    const at = (address: string) => ({ cwd: project.folder, env: { ...env, TEMPORAL_ADDRESS: address } });
    const blocked = async (address: string) => {
      const { stdout } = await keylane(['blocked', '--json'], at(address));
      return stdout.includes('order-1') ? stdout : false;
    };
    await eventually(() => blocked(firstAddress), 60_000);
    expect((await first.signal('SIGINT')).code).toBe(0);
    await stream.put([{ key: 'order-1', data: '{"n":4}' }]);

    const second = start();
    const address = await addressOf(second);
    const json = JSON.parse(await eventually(() => blocked(address), 60_000));
    expect(JSON.stringify(json)).toContain('poison');
    const show = await keylane(['show', 'order-1'], at(address));
    expect(show.code).toBe(0);
    expect(show.stdout).toContain('blocked');
    await eventually(async () =>
      (await keylane(['show', 'order-1', '--json'], at(address))).stdout.includes('"waiting": 2'),
    );

    const position = /shardId-\d+:\d+/.exec(show.stdout)?.[0] ?? '';
    const fixed = await keylane(
      ['replace', 'order-1', '--data', '{"n":2}', '--reason', 'a typo', '--by', 'ann', '--position', position],
      at(address),
    );
    expect(fixed.code, fixed.stderr).toBe(0);
    await eventually(async () => (await project.booked()).length === 5);
    const late = await keylane(['skip', 'order-1', '--position', position], at(address));
    expect(late.code).toBe(4);
    expect(late.stderr).toContain('has been passed');
    const booked = (await project.booked()).filter((call) => call.key === 'order-1');
    expect(booked.map((call) => call.n)).toEqual([1, 2, 3, 4]);
    const after = await keylane(['show', 'order-1'], at(address));
    expect(after.stdout).toContain('a typo');
    const status = await keylane(['status'], at(address));
    expect(status.stdout).toContain('shardId-000000000000');
    expect((await second.signal('SIGTERM')).code).toBe(0);
  });
});
