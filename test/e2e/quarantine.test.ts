/** Records without a key, from the stream to the quarantine and out of it again, with processes and commands as people have them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kinesis, type PipelineConfig } from '../../contracts/config.ts';
import type { KeyableRecord } from '../../contracts/record.ts';
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
  for (const keylane of open.splice(0).toReversed()) await keylane.close();
  stream.close();
  await rm(folder, { recursive: true, force: true });
});

/** Keylane with this key function, on the task queue of the one before. */
async function withKey(key: PipelineConfig['key']): Promise<Keylane> {
  const source = kinesis({ stream: name, endpoint: emulator.endpoint });
  const handler = (event: { key: string; text(): string }) => void seen.push(`${event.key} ${event.text()}`);
  const taskQueue = open[0]?.settings.temporal.taskQueue;
  const keylane = await Keylane.create({
    pipelines: { [name]: { source, handler, ...(key === undefined ? {} : { key }) } },
    ...(taskQueue === undefined ? {} : { taskQueue }),
  });
  open.push(keylane);
  return keylane;
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
    const { taskQueue } = first.settings.temporal;
    const { address } = devServer();
    const pipeline = { source: { kind: 'kinesis', stream: name }, handler: './handler.mjs' };
    const config = { temporal: { address, taskQueue }, pipelines: { [name]: pipeline } };
    await writeFile(join(folder, 'handler.mjs'), 'export default () => {};\n');
    await writeFile(join(folder, 'keylane.config.mjs'), `export default ${JSON.stringify(config)};\n`);

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
    expect(retried.stderr).toContain('2 of 4 records were not decided on');
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
});
