/** Records without a key, from the stream to the quarantine and out of it again, with processes and commands as people have them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import type { PipelineConfig } from '../../contracts/public/pipeline-config.ts';
import type { KeyableRecord } from '../../contracts/public/record.ts';
import { quarantineWorkflowId } from '../../contracts/names.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { keylane as command, type Outcome } from '../unit/cli/fake-io.ts';

let emulator: Server;
let stream: KinesisStream;
let folder: string;
let name: string;
let seen: string[];
const open: Keylane[] = [];

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite({ shardLimit: 50 });
});
afterAll(() => emulator.stop());
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
  stream.close();
  await rm(folder, { recursive: true, force: true });
});

/** Keylane with this key function, on the task queue of the one before. */
async function withKey(key: PipelineConfig['key'], handler: Handler = book): Promise<Keylane> {
  const source = kinesis({ stream: name, endpoint: emulator.endpoint });
  const taskQueue = open[0]?.settings.temporal.taskQueue;
  const it = await Keylane.create({
    pipelines: { [name]: { source, handler, ...(key === undefined ? {} : { key }) } },
    options: { discoverEveryMs: 1000 },
    ...(taskQueue === undefined ? {} : { taskQueue }),
  });
  open.push(it);
  return it;
}

const book: Handler = (event) => void seen.push(`${event.key} ${event.text()}`);

/** For the commands. */
async function writeSettings({ settings }: Keylane): Promise<void> {
  const { address } = devServer();
  const pipeline = { source: { kind: 'kinesis', stream: name }, handler: './handler.mjs' };
  const temporal = { address, taskQueue: settings.temporal.taskQueue };
  await writeFile(join(folder, 'handler.mjs'), 'export default () => {};\n');
  const config = { temporal, pipelines: { [name]: pipeline } };
  await writeFile(join(folder, 'keylane.config.mjs'), `export default ${JSON.stringify(config)};\n`);
}

const idOf = (record: KeyableRecord) => (record.json() as { id?: string }).id as string;
const orderOf = (record: KeyableRecord) => (record.json() as { id?: string; order?: string }).order ?? idOf(record);

async function keylane(...argv: string[]): Promise<Outcome> {
  return await command(['quarantine', ...argv], { cwd: folder });
}

async function listed(...more: string[]) {
  const { code, stderr, stdout } = await keylane('list', '--json', ...more);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (
    JSON.parse(stdout) as {
      pipelines: [{ count: number; more: boolean; records: { position: string; reason: string; data: unknown }[] }];
    }
  ).pipelines[0];
}

describe('the quarantine, end to end', () => {
  test('O4 O8 O11 records that the key function knows after a change reach their handler; the others stay until they are left out', async () => {
    name = uniqueName();
    seen = [];
    folder = await mkdtemp(join(tmpdir(), 'keylane-quarantine-'));
    stream = await KinesisStream.create(emulator.endpoint, name, 1);
    const first = await withKey(idOf);
    await writeSettings(first);

    expect(await listed()).toMatchObject({ count: 0, records: [] });
    expect((await keylane('retry', '--all', '--yes')).code).toBe(4);
    await stream.put([
      { key: 'a', data: '{"id":"a","n":1}' },
      { key: 'a', data: '{"order":"a","n":2}' },
      { key: 'b', data: '{"order":"b","n":1}' },
      { key: 'c', data: '\u00ff is not JSON' },
      { key: 'a', data: '{"id":"a","n":3}' },
      { key: 'd', data: '{"n":7}' },
    ]);
    await first.start();
    await eventually(() => seen.length === 2);
    await eventually(async () => (await first.status(name)).quarantined === 4);
    const { records } = await listed();
    expect(records.map(({ data }) => data)).toEqual([
      { json: { order: 'a', n: 2 } },
      { json: { order: 'b', n: 1 } },
      { text: '\u00ff is not JSON' },
      { json: { n: 7 } },
    ]);
    expect(await listed('--limit', '2', '--after', records[0]!.position)).toMatchObject({
      more: true,
      records: [{ position: records[1]!.position }, { position: records[2]!.position }],
    });
    const shown = await keylane('list');
    expect(shown.stdout).toContain('The key function threw: UndecodableError');
    expect(shown.stdout).toContain('keylane quarantine retry --all');

    // Nothing has changed: nothing gets out.
    const early = await keylane('retry', '--all', '--yes');
    expect(early).toMatchObject({ code: 4, stdout: '' });
    expect(early.stderr).toContain('4 still without a key');

    await first.stop();
    await (await withKey(orderOf)).start();
    const retried = await keylane('retry', '--all', '--yes', '--reason', 'orders have a name now', '--by', 'ann');
    expect(retried.code).toBe(4);
    expect(retried.stdout).toContain('retried 2 records');
    expect(retried.stdout).toContain('to key a');
    expect(retried.stderr).toContain('2 of 4 records were not resolved');
    await eventually(() => seen.length === 4);
    // Behind what came after it.
    expect(seen.filter((each) => each.startsWith('a '))).toEqual([
      'a {"id":"a","n":1}',
      'a {"id":"a","n":3}',
      'a {"order":"a","n":2}',
    ]);

    const [broken, nameless] = (await listed()).records;
    expect((await keylane('skip', broken!.position, nameless!.position)).code).toBe(2);
    expect((await keylane('skip', broken!.position, '--reason', 'a test')).code).toBe(0);
    expect((await keylane('skip', broken!.position)).code).toBe(4);
    const replaced = await keylane('replace', nameless!.position, '--data', '{"id":"a","n":8}');
    expect(replaced.code, replaced.stderr).toBe(0);
    await eventually(() => seen.at(-1) === 'a {"id":"a","n":8}');
    await eventually(async () => (await first.status(name)).quarantined === 0);
    const after = await keylane('list');
    expect(after.stdout).toContain('orders have a name now');
    expect(after.stdout).toContain('ann');
    expect((await keylane('list', 'another')).code).toBe(3);
    expect((await keylane('list', '--after', records[0]!.position)).code).toBe(4);
    expect((await keylane('list', '--after', 'nonsense')).code).toBe(2);
  });

  test('O8 a record that cannot be decoded blocks its key, and is shown as the bytes that it has', async () => {
    name = uniqueName();
    seen = [];
    folder = await mkdtemp(join(tmpdir(), 'keylane-quarantine-'));
    stream = await KinesisStream.create(emulator.endpoint, name, 1);
    const it = await withKey(undefined, (event) => void seen.push(`${event.key} ${event.json().n}`));
    await writeSettings(it);
    // As an aggregate of the KPL begins, and what is none.
    const broken = Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), Buffer.from('order-7 {"n":1}')]);
    await stream.put([
      { key: 'broken', data: broken },
      { key: 'text', data: 'order-8, not JSON' },
      { key: 'a', data: '{"n":1}' },
    ]);
    await it.start();
    await eventually(async () => (await it.status(name)).lanes.blocked === 2);
    await eventually(() => seen.length === 1);
    const shown = await command(['show', 'broken'], { cwd: folder });
    expect(shown.stdout).toContain('UndecodableError');
    expect(shown.stdout).toContain('00000000  f3 89 9a c2 6f 72 64 65 72 2d 37 20 7b 22 6e 22  ....order-7 {"n"');
    expect((await command(['show', 'text'], { cwd: folder })).stdout).toContain('order-8, not JSON');
    expect((await it.status(name)).quarantined).toBe(0);
  });

  test('O4 O5 O11 one that is terminated is begun anew by the bridge, with all that it held; until then a person is told', async () => {
    name = uniqueName();
    seen = [];
    folder = await mkdtemp(join(tmpdir(), 'keylane-quarantine-'));
    stream = await KinesisStream.create(emulator.endpoint, name, 1);
    const it = await withKey(orderOf);
    await writeSettings(it);
    await stream.put([1, 2, 3].map((n) => ({ key: 'a', data: JSON.stringify({ n }) })));
    await it.start();
    await eventually(async () => (await it.status(name)).quarantined === 3);
    expect((await keylane('skip', (await listed()).records[0]!.position, '--by', 'ann')).code).toBe(0);
    await it.stop();
    const again = await withKey(orderOf);
    await again.start(['worker']);
    await it.client.workflow.getHandle(quarantineWorkflowId(name)).terminate('by mistake');

    const told = 'terminated externally (TERMINATED)';
    const shown = await keylane('list');
    expect(shown.stdout).toContain(told);
    expect(shown.stdout).toContain('quarantine 2 records');
    const status = await command(['status'], { cwd: folder });
    expect(status.stdout).toContain(told);
    const early = await keylane('skip', '--all', '--yes');
    expect(early.code).toBe(4);
    expect(early.stderr).toContain('is `keylane bridge` (or start, dev) running?');

    await again.start(['bridge']);
    await eventually(async () => !(await keylane('list')).stdout.includes('terminated'), 30_000);
    expect(await listed()).toMatchObject({ count: 2, decisions: [{ verb: 'skip', by: 'ann', resolved: 1 }] });
    await stream.put([{ key: 'a', data: '{"n":4}' }]);
    await eventually(async () => (await it.status(name)).quarantined === 3);
    const { records } = await listed();
    expect(records.map(({ data }) => data)).toEqual([2, 3, 4].map((n) => ({ json: { n } })));
    expect((await keylane('skip', '--all', '--yes')).code).toBe(0);
  });

  test('O11 a person at a terminal is asked before several records are decided on', async () => {
    name = uniqueName();
    seen = [];
    folder = await mkdtemp(join(tmpdir(), 'keylane-quarantine-'));
    stream = await KinesisStream.create(emulator.endpoint, name, 1);
    const it = await withKey(idOf);
    await writeSettings(it);
    await stream.put([1, 2].map((n) => ({ key: 'a', data: JSON.stringify({ n }) })));
    await it.start();
    await eventually(async () => (await it.status(name)).quarantined === 2);
    const asked = (answer: boolean, ...argv: string[]) => command(['quarantine', ...argv], { cwd: folder, answer });
    const no = await asked(false, 'skip', '--all');
    expect(no).toMatchObject({ code: 1, questions: [`skip all 2 records in the quarantine of ${name}?`] });
    const some = await asked(false, 'skip', '--matching', 'undefined');
    expect(some.questions).toEqual([
      `skip those of the 2 records whose reason contains "undefined" in the quarantine of ${name}?`,
    ]);
    expect((await it.status(name)).quarantined).toBe(2);
    const { code, stdout } = await asked(true, 'skip', '--all', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      pipeline: name,
      decisions: [{ verb: 'skip', resolved: 2, target: 'all records' }],
    });
    expect((await asked(true, 'skip')).code).toBe(2);
  });
});
