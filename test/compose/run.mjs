// `npm run test:compose`: brings docker-compose.yml up for real, walks through the demo (scenario.mjs), and takes it down
// again, whatever happens. Uses the Docker engine that answers; without one, on Debian and as root, it starts an engine of
// its own with stand-ins for the images (own-engine.mjs, stand-ins.mjs), in a folder that it removes.
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, succeeds } from './shell.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT = `keylane-compose-test-${process.pid}`;
const FILES = ['docker-compose.yml', 'test/compose/docker-compose.test.yml'];
const FILES_OWN_ENGINE = [...FILES, 'test/compose/docker-compose.own-engine.yml'];

const began = Date.now();
const say = (text) => {
  const seconds = String(Math.round((Date.now() - began) / 1000)).padStart(4);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines) console.log(`${seconds} s  ${line}`);
};
const stopping = new AbortController();
const onSignal = (name) => {
  say(`${name}: taking everything down`);
  stopping.abort(new Error(`stopped by ${name}`));
};
process.on('SIGINT', onSignal).on('SIGTERM', onSignal);

/** What takes things down, the last first. */
const undo = [];
let failure;
try {
  await main(stopping.signal);
} catch (error) {
  failure = stopping.signal.aborted ? stopping.signal.reason : error;
}
for (const step of undo.toReversed()) {
  try {
    await step();
  } catch (error) {
    say(`While taking down: ${error.message}`);
    failure ??= error;
  }
}
if (failure === undefined) {
  say('compose test passed');
} else {
  say(`compose test FAILED: ${failure.message}`);
  process.exitCode = 1;
}

async function main(signal) {
  if (!existsSync(join(ROOT, 'dist/demo/books.js'))) throw new Error('There is no build: npm run build');
  const answers = await succeeds('docker', ['version'], { signal });
  const own = answers ? undefined : await startOwn(signal);
  const files = answers ? FILES : FILES_OWN_ENGINE;
  const env = own?.env ?? {};
  const composeWith = (options) => async (args) =>
    await run('docker', ['compose', '--project-name', PROJECT, ...files.flatMap((file) => ['--file', file]), ...args], {
      cwd: ROOT,
      env,
      ...options,
    });
  const compose = composeWith({ signal });
  if (!(await succeeds('docker', ['compose', 'version'], { env, signal }))) {
    throw new Error('Docker is here, but not its compose plugin (docker-compose-v2 in most distributions)');
  }
  if (own !== undefined) {
    const { services } = JSON.parse(await compose(['config', '--format', 'json']));
    const images = Object.fromEntries(Object.entries(services).map(([name, { image }]) => [name, image]));
    const { makeStandIns } = await import('./stand-ins.mjs');
    await makeStandIns({ folder: own.folder, images, env, say, signal });
  }

  undo.push(async () => {
    // Not ended by the signal that asks for it.
    const last = composeWith({});
    if (failure !== undefined && !signal.aborted) say(await last(['logs', '--tail', '30']));
    say('Taking it down');
    await last(['down', '--volumes', '--remove-orphans']);
    await succeeds('docker', ['image', 'rm', 'keylane-compose-test'], { env });
  });
  const { runScenario } = await import('./scenario.mjs');
  await runScenario({ compose, say, signal });
}

async function startOwn(signal) {
  const { removeFolder, startOwnEngine, whyNoOwnEngine } = await import('./own-engine.mjs');
  const why = whyNoOwnEngine();
  if (why !== undefined) throw new Error(`No Docker engine answers, and the test does not start one itself: ${why}`);
  say('No Docker engine answers: starting one for this test');
  const folder = await mkdtemp(join(tmpdir(), 'keylane-compose-'));
  undo.push(async () => await removeFolder(folder));
  const { env, stop } = await startOwnEngine({ folder, say, signal });
  undo.push(async () => {
    say('Stopping the engine');
    await stop();
  });
  return { env, folder };
}
