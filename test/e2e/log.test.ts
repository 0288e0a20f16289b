/** The log of a process: what becomes of keys that need a person, one line each, in both hostings. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { keylane, KeylaneProcess } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { LedgerProject } from '../support/ledger-project.ts';

const KEY = 'customer-4711';
const HOSTINGS = { own: '', pooled: "hosting: 'pooled', pools: { count: 1 }," } as const;

interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

let emulator: Server;
beforeAll(async () => {
  emulator = await startKinesalite({ shardLimit: 50 });
});
afterAll(() => emulator.stop());

async function open(hosting: keyof typeof HOSTINGS) {
  const name = uniqueName();
  const stream = await KinesisStream.create(emulator.endpoint, name, 1);
  const more = `${HOSTINGS[hosting]} key: (r) => r.json().key, retry: { maxAttempts: 2, initialInterval: '50ms' }`;
  const project = await LedgerProject.create({ stream: name, pipeline: name, more });
  onTestFinished(async () => {
    stream.close();
    await project.remove();
  });
  const server = { TEMPORAL_ADDRESS: devServer().address, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint };
  const where = { cwd: project.folder, env: { ...EMULATOR_ENV, ...server } };
  const start = () => {
    const running = new KeylaneProcess(['start', '--log-format', 'json'], where);
    onTestFinished(async () => {
      await running.signal('SIGKILL');
    });
    return running;
  };
  const write = (data: object) => stream.put([{ key: 'p', data: JSON.stringify(data) }]);
  return { name, project, where, start, write };
}

function linesOf(running: KeylaneProcess, message?: string): Line[] {
  const lines = running.output.split('\n').slice(0, -1);
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  return message === undefined ? parsed : parsed.filter(({ msg }) => msg.startsWith(message));
}

test.each(['own', 'pooled'] as const)(
  '%s hosting: each failed attempt, block, release and quarantined record has one line, and a replay has none (fault F5)',
  async (hosting) => {
    const { name, where, start, write } = await open(hosting);
    await write({ key: KEY, n: 1, text: 'poison' });
    await write({ key: KEY, n: 2 });
    await write({ n: 3 });
    await write({ n: 4 });
    const first = start();
    await eventually(() => linesOf(first, 'Key blocked').length === 1, 60_000);
    const position = expect.stringMatching(/^shardId-0+:\d+$/) as string;
    const about = { pipeline: name, key: KEY, position };
    expect(linesOf(first, 'Key blocked')[0]).toMatchObject({
      ...about,
      level: 40,
      attempts: 2,
      errorType: 'Error',
      cause: 'poison',
      release: expect.stringMatching(new RegExp(`^keylane retry --position shardId-0+:\\d+ ${name}:${KEY}$`)) as string,
    });
    await eventually(() => linesOf(first, 'Records without a usable key').length > 0, 30_000);
    const quarantined = linesOf(first, 'Records without a usable key');
    expect(quarantined.reduce((sum, { records }) => sum + Number(records), 0)).toBe(2);
    expect(quarantined[0]).toMatchObject({ pipeline: name, position, cause: expect.stringContaining('key') as string });

    expect((await keylane(['retry', KEY, '--no-wait', '--by', 'ada', '--reason', 'mended'], where)).code).toBe(0);
    await eventually(() => linesOf(first, 'Key blocked').length === 2, 30_000);
    expect(linesOf(first, 'Key released by retry')).toMatchObject([
      { ...about, by: 'ada', reason: 'mended', level: 30 },
    ]);
    const attempts = linesOf(first, 'Attempt failed');
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    for (const attempt of attempts) expect(attempt).toMatchObject(about);
    expect(linesOf(first).filter((line) => JSON.stringify(line).length > 1500)).toEqual([]);
    // Answered behind the task that wrote the line: one that dies with its process is done, and logged, again.
    expect((await keylane(['show', KEY], where)).code).toBe(0);
    await first.signal('SIGKILL');

    // Another process has the history replayed to answer, and goes on from there.
    const second = start();
    await eventually(() => linesOf(second, 'Keylane started').length === 1, 30_000);
    // A question may have gone to the worker that was killed.
    await eventually(async () => (await keylane(['show', KEY], where)).code === 0, 30_000);
    expect((await keylane(['skip', KEY, '--no-wait', '--by', 'bob'], where)).code).toBe(0);
    await eventually(() => linesOf(second, 'Key released by skip').length === 1, 30_000);
    for (const message of ['Key blocked', 'Key released by retry', 'Records without', 'Attempt failed']) {
      expect(linesOf(second, message)).toEqual([]);
    }
  },
);

test('without keys in the log nothing in it names one (fault F5)', async () => {
  const { project, start, write } = await open('own');
  const file = join(project.folder, 'keylane.config.ts');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('temporal:', 'log: { keys: false }, temporal:'));
  await write({ key: KEY, n: 1, text: 'poison' });
  await write({ n: 3 });
  const running = start();
  await eventually(() => linesOf(running, 'Key blocked').length === 1, 60_000);
  await eventually(() => linesOf(running, 'Records without a usable key').length === 1, 30_000);
  expect(linesOf(running, 'Attempt failed')).toHaveLength(2);
  expect(running.output).not.toContain(KEY);
  expect(running.output).not.toMatch(/shardId-0+:\d/);
});
