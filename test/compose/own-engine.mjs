// A Docker engine of the test's own. Used only where no engine answers and none can be expected: as root on Debian, in a
// sandbox or a CI job. Everything it keeps lies in one folder, which is gone when the test is over; the Debian packages
// stay, and so does the compose plugin, in Keylane's cache.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cachedBinary } from '../../dist/worker/temporal-server/cache.js';
import { endGroup, run, succeeds } from './shell.mjs';

const COMPOSE_VERSION = '2.40.3';
/** Where Debian puts it. */
const DOCKERD = '/usr/sbin/dockerd';
const PACKAGES = { dockerd: 'docker.io', iptables: 'iptables', debootstrap: 'debootstrap' };
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
/** What the engine puts rules into, and how that looks without a rule: a table that nobody has used is not even listed. */
const NO_RULES = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
};
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;

export function whyNoOwnEngine() {
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version')) return 'this is not Debian';
  return process.getuid() === 0 ? undefined : 'this is not root';
}

/** Gives the environment in which `docker` and `docker compose` use it, and the function that removes it. */
export async function startOwnEngine({ folder, say, signal }) {
  await installPackages(say, signal);
  const config = join(folder, 'config');
  await providePlugin(join(config, 'cli-plugins'), { folder, say, signal });

  say('Starting an engine');
  const before = { rules: await run('iptables-save', [], { signal }), forward: await readFile(IP_FORWARD, 'utf8') };
  const socket = join(folder, 'docker.sock');
  const log = await open(join(folder, 'dockerd.log'), 'w');
  const args = [
    ['--host', `unix://${socket}`],
    ['--data-root', join(folder, 'data')],
    ['--exec-root', join(folder, 'exec')],
    ['--pidfile', join(folder, 'pid')],
    // Each composition has a network of its own.
    ['--bridge', 'none'],
  ].flat();
  const engine = spawn(DOCKERD, args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
  const ended = new Promise((resolve) => engine.once('close', resolve));
  await log.close();
  // BuildKit in the CLI is a plugin that Debian does not have; the engine has the classic builder.
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: config, DOCKER_BUILDKIT: '0' };

  const stop = async () => {
    endGroup(engine.pid, 'SIGTERM');
    await Promise.race([ended, delay(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    endGroup(engine.pid, 'SIGKILL');
    await unmountAll(folder);
    await restoreRules(before.rules, folder);
    await writeFile(IP_FORWARD, before.forward);
  };
  try {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await succeeds('docker', ['info'], { env, signal }))) {
      signal.throwIfAborted();
      if (engine.exitCode !== null || Date.now() > deadline) {
        const tail = (await readFile(join(folder, 'dockerd.log'), 'utf8')).slice(-2000);
        throw new Error(`The engine did not start:\n${tail}`);
      }
      await delay(200);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { env, stop };
}

async function installPackages(say, signal) {
  const missing = [];
  for (const [program, name] of Object.entries(PACKAGES)) {
    if (!(await succeeds('which', [program]))) missing.push(name);
  }
  if (missing.length === 0) return;
  say(`Installing ${missing.join(', ')} from Debian`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env, signal });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env, signal });
}

/** Compose is a plugin of the CLI that Debian does not have: built once from its Go module, and kept. */
async function providePlugin(plugins, { folder, say, signal }) {
  const cached = join(dirname(dirname(cachedBinary(process.env))), `docker-compose-${COMPOSE_VERSION}`);
  if (!existsSync(cached)) {
    say(`Building compose ${COMPOSE_VERSION} from its Go module: this takes some minutes, once`);
    const module = join(folder, 'compose');
    await mkdir(module);
    const source = 'github.com/docker/compose/v2';
    const lines = ['module plugin', 'go 1.26', `tool ${source}/cmd`, `require ${source} v${COMPOSE_VERSION}`];
    await writeFile(join(module, 'go.mod'), `${lines.join('\n')}\n`);
    const options = { cwd: module, env: { CGO_ENABLED: '0' }, signal };
    await run('go', ['mod', 'tidy'], options);
    const build = ['build', '-trimpath', '-ldflags', '-s -w', '-o', 'docker-compose', `${source}/cmd`];
    await run('nice', ['go', ...build], options);
    await mkdir(dirname(cached), { recursive: true });
    // In one step: nobody ever sees half of it.
    await copyFile(join(module, 'docker-compose'), `${cached}.${process.pid}`);
    await rename(`${cached}.${process.pid}`, cached);
  }
  await mkdir(plugins, { recursive: true });
  await copyFile(cached, join(plugins, 'docker-compose'));
}

async function restoreRules(before, folder) {
  const tables = [before];
  for (const [table, chains] of Object.entries(NO_RULES)) {
    if (before.includes(`*${table}\n`)) continue;
    tables.push(`*${table}\n${chains.map((chain) => `:${chain} ACCEPT [0:0]\n`).join('')}COMMIT\n`);
  }
  const file = join(folder, 'iptables');
  await writeFile(file, tables.join(''));
  await run('iptables-restore', [file]);
}

/** The engine leaves mounts when it is killed, and one for its own network namespace also when it is not. */
async function unmountAll(folder) {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1]);
  const ours = mounts.filter((path) => path?.startsWith(`${folder}/`));
  for (const path of ours.toReversed()) await run('umount', ['--lazy', path]);
}

export async function removeFolder(folder) {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
