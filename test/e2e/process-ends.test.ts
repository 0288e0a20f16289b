/**
 * Processes and commands end: those whose worker has failed, those that were told to stop, those that have answered.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { KeylaneProcess, MAIN, type CommandResult } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { LedgerProject } from '../support/ledger-project.ts';

const BREAK = fileURLToPath(new URL('../support/break-worker.mjs', import.meta.url));
const ENDS_WITHIN_MS = 40_000;

let emulator: Server;
beforeAll(async () => {
  emulator = await startKinesalite({ shardLimit: 50 });
});
afterAll(() => emulator.stop());

async function newProject(more = ''): Promise<{ project: LedgerProject; stream: KinesisStream }> {
  const name = uniqueName();
  const stream = await KinesisStream.create(emulator.endpoint, name, 1);
  const project = await LedgerProject.create({ stream: name, pipeline: name, more });
  await stream.put([{ key: 'a', data: '{"n":1}' }]);
  onTestFinished(async () => {
    stream.close();
    await project.remove();
  });
  return { project, stream };
}

function start(args: readonly string[], project: LedgerProject, env: Readonly<Record<string, string>> = {}) {
  const server = args[0] === 'dev' ? {} : { TEMPORAL_ADDRESS: devServer().address };
  const known = { ...EMULATOR_ENV, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint, ...server };
  const running = new KeylaneProcess(args, { cwd: project.folder, env: { ...known, ...env } });
  onTestFinished(async () => {
    await running.signal('SIGKILL');
  });
  return running;
}

async function endOf(running: KeylaneProcess): Promise<CommandResult | 'runs'> {
  return await Promise.race([running.ended, delay(ENDS_WITHIN_MS, 'runs' as const)]);
}

const broken = (how: string) => ({ NODE_OPTIONS: `--import ${BREAK}`, BREAK_WORKER: how });

test.each([
  ['fails', ['start'], ''],
  ['hangs', ['worker'], "hosting: 'pooled', pools: { count: 1 }"],
  ['hangs', ['bridge'], ''],
  ['fails', ['dev', '--temporary'], "hosting: 'pooled', pools: { count: 1 }"],
] as const)('a process whose worker %s ends with code 1 and says why: %s %s (fault A3)', async (how, args, more) => {
  const { project } = await newProject(more);
  // A worker's handlers are given something to do by a bridge that is well.
  const bridge = args[0] === 'worker' ? start(['bridge'], project) : undefined;
  const ended = await endOf(start([...args], project, broken(how)));
  await bridge?.signal('SIGKILL');
  expect(ended).toMatchObject({ code: 1 });
  expect((ended as CommandResult).stderr).toMatch(/Worker failed|A worker cannot continue/);
  if (how === 'hangs') expect((ended as CommandResult).stderr).toContain('has not stopped within');
});

test('a process whose worker hangs heeds SIGTERM, and a second one at once (fault A3)', async () => {
  const { project } = await newProject();
  const running = start(['start'], project, broken('hangs'));
  await eventually(() => Promise.resolve(running.output.includes('Keylane started')), 30_000);
  process.kill(running.pid, 'SIGTERM');
  await delay(200);
  const second = Date.now();
  process.kill(running.pid, 'SIGTERM');
  expect(await endOf(running)).toMatchObject({ code: 143 });
  expect(Date.now() - second).toBeLessThan(3000);
});

test('what settings and handlers leave open keeps neither a command nor a process alive (fault F1)', async () => {
  const { project } = await newProject();
  const open = `\nsetInterval(() => {}, 1000);\nprocess.on('SIGTERM', () => {});\n`;
  await appendFile(join(project.folder, 'keylane.config.ts'), open);
  await appendFile(join(project.folder, 'handler.ts'), open);
  const processes = [start(['bridge'], project), start(['worker'], project), start(['dev', '--temporary'], project)];
  await eventually(async () => (await project.booked()).length === 2, 30_000);
  for (const command of [['status', '--json'], ['blocked'], ['retry', 'nobody'], ['--help']]) {
    const ended = await endOf(start(command, project));
    expect(ended).toMatchObject({ code: command[0] === 'retry' ? 3 : 0 });
    if (command[0] === 'status') expect(JSON.parse((ended as CommandResult).stdout)).toBeDefined();
  }
  for (const running of processes) process.kill(running.pid, 'SIGTERM');
  for (const running of processes) expect(await endOf(running)).toMatchObject({ code: 0 });
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a process that npx has started ends with it, after a %s to npx alone (fault F4)',
  async (signal) => {
    const { project } = await newProject();
    await mkdir(join(project.folder, 'node_modules', '.bin'));
    await symlink(MAIN, join(project.folder, 'node_modules', '.bin', 'keylane'));
    const server = { TEMPORAL_ADDRESS: devServer().address, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint };
    const command = ['keylane', 'start', '--log-format', 'json'];
    const npx = spawn('npx', ['--no-install', ...command], {
      cwd: project.folder,
      env: { ...process.env, ...EMULATOR_ENV, ...server },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own, so that what is left of it can be ended.
      detached: true,
    });
    onTestFinished(() => {
      try {
        process.kill(-(npx.pid ?? 0), 'SIGKILL');
      } catch {
        // Nothing is left of it.
      }
    });
    let output = '';
    npx.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    // The pipe closes with the last process that has it.
    const closed = once(npx.stderr, 'close').then(() => 'ended');
    await eventually(() => output.includes('Keylane started'), 30_000);
    process.kill(npx.pid ?? 0, signal);
    expect(await Promise.race([closed, delay(ENDS_WITHIN_MS, 'runs')])).toBe('ended');
  },
);
