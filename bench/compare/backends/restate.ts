/**
 * Restate's server from its npm package. It and the SDK are fetched into a folder of the user's cache when they are first
 * needed, with a Node.js that the SDK works with: none of them is needed by anybody else.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../worker/temporal-server/ports.ts';
import type { RestateAddress } from '../contenders/restate.ts';
import type { Backend } from './backend.ts';

const run = promisify(execFile);

const NODE = `node-${process.platform}-${process.arch}`;
const PACKAGES = {
  '@restatedev/restate-sdk': '1.17.2',
  '@restatedev/restate-server': '1.7.12',
  [NODE]: '24.21.0',
};
const START_MS = 60_000;
const HOST = '127.0.0.1';

export async function restate(): Promise<Backend> {
  const modules = await installed();
  const resolve = createRequire(join(modules, 'package.json')).resolve;
  const server = join(
    dirname(resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/package.json`)),
    'bin/restate-server',
  );
  const node = join(dirname(resolve(`${NODE}/package.json`)), 'bin/node');
  return { node, start: () => start(server, modules) };
}

async function start(server: string, modules: string) {
  const folder = await mkdtemp(join(tmpdir(), 'keylane-bench-'));
  const [ingressPort, adminPort, nodePort] = [await freePort(HOST), await freePort(HOST), await freePort(HOST)];
  const child = spawn(server, ['--base-dir', folder], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...process.env,
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
      RESTATE_BIND_ADDRESS: `${HOST}:${nodePort}`,
      RESTATE_ADVERTISED_ADDRESS: `http://${HOST}:${nodePort}`,
      RESTATE_INGRESS__BIND_ADDRESS: `${HOST}:${ingressPort}`,
      RESTATE_ADMIN__BIND_ADDRESS: `${HOST}:${adminPort}`,
    },
  });
  const [ingress, admin] = [`http://${HOST}:${ingressPort}`, `http://${HOST}:${adminPort}`];
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await healthy([`${admin}/health`, `${ingress}/restate/health`], () => child.exitCode !== null);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: JSON.stringify({ ingress, admin, modules } satisfies RestateAddress),
    pids: [child.pid as number],
    count: async () => undefined,
    history: async () => undefined,
    stop,
  };
}

async function healthy(urls: readonly string[], hasEnded: () => boolean): Promise<void> {
  const until = Date.now() + START_MS;
  for (const url of urls) {
    while (
      !(await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (hasEnded()) throw new Error('Restate has ended instead of starting');
      if (Date.now() > until) throw new Error(`Restate does not start: no answer from ${url}`);
      await delay(100);
    }
  }
}

/** The folder with the packages. */
async function installed(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'keylane', 'bench-restate');
  const wanted = JSON.stringify({ private: true, dependencies: PACKAGES }, undefined, 2);
  const file = join(folder, 'package.json');
  const done = join(folder, 'installed');
  if ((await readFile(done, 'utf8').catch(() => '')) === wanted) return folder;
  process.stderr.write(`Installing Restate into ${folder}\n`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, wanted);
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder });
  await writeFile(done, wanted);
  return folder;
}
