/** Debian's PostgreSQL with the settings that it comes with, on a data folder of its own. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../worker/temporal-server/ports.ts';
import { describeEnd, ProcessGroup } from '../../../worker/temporal-server/process-group.ts';
import { runCommand } from '../../../worker/temporal-server/run-command.ts';
import type { Undo } from '../backends/undo.ts';

export const POSTGRES_USER = 'temporal';
const HOST = '127.0.0.1';
const DEBIAN = '/usr/lib/postgresql';
/** Who runs it when we are root, which it refuses; the package makes this user. */
const ACCOUNT = 'postgres';
/** As they are unless somebody changes them. Given, so that what the report says of them is so. */
const DURABILITY = ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on'];
const START_MS = 60_000;
const POLL_MS = 50;
const STOP_GRACE_MS = 10_000;

export interface RunningPostgres {
  readonly port: number;
  readonly pid: number;
}

export interface Postgres {
  /** The folder of its programs. */
  readonly programs: string;
  /** Its version, and what it does to lose nothing. */
  readonly about: string;
}

/** @throws when it is not installed */
export async function findPostgres(): Promise<Postgres> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const newestFirst = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin'));
  const folders = newestFirst.concat((process.env['PATH'] ?? '').split(delimiter));
  const found = folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
  if (found === undefined) {
    throw new Error(`There is no PostgreSQL in ${DEBIAN} or on the PATH. Do this: apt-get install postgresql`);
  }
  const version = /PostgreSQL\) (\S+)/.exec(await runCommand(join(found, 'postgres'), ['--version'], {}))?.[1];
  return { programs: found, about: `PostgreSQL ${version} (${DURABILITY.join(', ')})` };
}

/** With nothing in it but its own tables. `folder` is ours. */
export async function startPostgres({ programs }: Postgres, folder: string, undo: Undo): Promise<RunningPostgres> {
  const home = join(folder, 'postgres');
  const data = join(home, 'data');
  await mkdir(home);
  if (isRoot()) {
    await chmod(folder, 0o711);
    await runCommand('chown', [ACCOUNT, home], {});
  }
  const run = async (name: string, ...args: string[]): Promise<string> =>
    await runCommand(...asAccount(join(programs, name), args), { cwd: home });
  await run('initdb', '-D', data, '-U', POSTGRES_USER, '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8');

  const port = await freePort(HOST);
  const settings = [`listen_addresses=${HOST}`, `port=${port}`, 'unix_socket_directories=', ...DURABILITY];
  const args = ['-D', data].concat(settings.flatMap((setting) => ['-c', setting]));
  const group = new ProcessGroup(...asAccount(join(programs, 'postgres'), args), { cwd: home });
  undo.add(async () => void (await group.end(STOP_GRACE_MS)));
  const deadline = Date.now() + START_MS;
  const isReady = async (): Promise<boolean> =>
    await run('pg_isready', '-h', HOST, '-p', String(port)).then(
      () => true,
      () => false,
    );
  while (!(await isReady())) {
    if (group.hasEnded) throw new Error(`PostgreSQL ${describeEnd(await group.ended)}: ${group.tail}`);
    if (Date.now() > deadline) throw new Error(`PostgreSQL does not start: ${group.tail}`);
    await delay(POLL_MS);
  }
  return { port, pid: group.pid as number };
}

function asAccount(file: string, args: readonly string[]): [string, string[]] {
  if (!isRoot()) return [file, [...args]];
  // It executes the program in its own place, so the pid is the program's.
  return ['setpriv', [`--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, '--clear-groups', '--', file, ...args]];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
