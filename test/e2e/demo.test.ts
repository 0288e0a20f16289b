import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';

const run = promisify(execFile);
const DEMO = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url));
const withoutTemporal = { ...process.env, TEMPORAL_ADDRESS: '' };

test('O1 O3 O4 the demo with --exit releases its poison key, checks the order of every key, and exits 0', async () => {
  const { stdout } = await run(process.execPath, [DEMO, '--exit'], { env: withoutTemporal });
  expect(stdout).toContain('order-13 is blocked with 11 events; all other orders are done.');
  expect(stdout).toContain('Every event of every order was handled once and in order');
});

test('the demo goes on until Ctrl-C, then leaves no process behind', async () => {
  // A group of its own, so that what is left of it can be seen.
  const demo = spawn(process.execPath, [DEMO], { env: withoutTemporal, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  demo.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await eventually(() => output.includes('Ctrl-C stops everything.'), 60_000);
  expect(output).toContain('replace order-13 --data');
  const children = await childrenOf(demo.pid ?? 0);
  expect(children.length).toBeGreaterThanOrEqual(2);
  demo.kill('SIGINT');
  const [code] = await once(demo, 'close');
  expect(code).toBe(0);
  await eventually(() => children.every((pid) => !isAlive(pid)));
});

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)]);
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
