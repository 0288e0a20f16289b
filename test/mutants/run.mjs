/**
 * `npm run test:mutants`: breaks one guarantee at a time in a copy of the code, and checks that the tests of that
 * guarantee fail. Exits with 1 when a mutant survives.
 *
 * `-- --list` prints the mutants; `-- lineage` runs those whose name, file or guarantee contains a word.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';

const { MUTANTS } = await createJiti(import.meta.url).import('./mutants.ts');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOT_COPIED = new Set(['node_modules', 'dist', '.git', '.keylane']);
const CONFIG = 'test/mutants/vitest.config.ts';
/** A mutant may make a test wait for ever, which is a failure as good as any. */
const TIME_LIMIT_MS = 300_000;

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const chosen = MUTANTS.filter(({ name, file, guarantee }) =>
  words.every((word) => `${name} ${file} ${guarantee}`.includes(word)),
);

if (process.argv.includes('--list')) {
  for (const { guarantee, name, file } of chosen) console.log(`${guarantee}  ${name}  (${file})`);
  process.exit(0);
}
if (chosen.length === 0) {
  console.error(`No mutant has ${words.join(' and ')} in its name, file or guarantee: see --list`);
  process.exit(2);
}

const copy = mkdtempSync(path.join(tmpdir(), 'keylane-mutants-'));
/** The test run in progress. */
let running;
process.on('exit', () => {
  killRunning();
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

cpSync(ROOT, copy, { recursive: true, filter: (from) => !NOT_COPIED.has(path.relative(ROOT, from)) });
symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));

const files = [...new Set(chosen.flatMap(({ killedBy }) => killedBy))];
const untouched = await runTests(files);
if (!untouched.passed) {
  console.error('The tests fail without any mutant; nothing can be said of the mutants.\n');
  console.error(untouched.output);
  process.exit(1);
}

let survived = 0;
for (const [index, mutant] of chosen.entries()) {
  const killer = await killerOf(mutant);
  if (killer === undefined) survived += 1;
  const verdict = killer === undefined ? 'SURVIVED' : 'killed  ';
  console.log(
    `${index + 1}/${chosen.length} ${verdict} ${mutant.guarantee} ${mutant.name}${killer ? ` (${killer})` : ''}`,
  );
}
console.log(`${chosen.length - survived} killed, ${survived} survived`);
process.exitCode = survived === 0 ? 0 : 1;

/** The first test that fails with the mutant, or undefined when all pass. */
async function killerOf({ file, find, replacement, killedBy }) {
  const target = path.join(copy, file);
  const original = readFileSync(target, 'utf8');
  if (original.split(find).length !== 2) throw new Error(`Not exactly one "${find}" in ${file}`);
  writeFileSync(
    target,
    original.replace(find, () => replacement),
  );
  try {
    const { passed, output } = await runTests(killedBy);
    if (passed) return undefined;
    return /FAIL\s+(.*)/.exec(output)?.[1] ?? 'it never ended';
  } finally {
    writeFileSync(target, original);
  }
}

/** A syntax error would fail every test file and say nothing: such a run throws. */
async function runTests(testFiles) {
  const vitest = path.join(copy, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', CONFIG, '--bail', '1', '--reporter', 'default', '--no-color', ...testFiles];
  const env = { ...process.env, NO_COLOR: '1' };
  // The tests run in children of vitest, which a loop without an end would leave behind: the group is killed.
  const child = spawn(process.execPath, args, { cwd: copy, detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  running = child;
  const timer = setTimeout(killRunning, TIME_LIMIT_MS);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  running = undefined;
  if (/Transform failed|SyntaxError|No test files found|Cannot find module/.test(output)) throw new Error(output);
  return { passed: code === 0, output };
}

function killRunning() {
  try {
    if (running?.pid !== undefined) process.kill(-running.pid, 'SIGKILL');
  } catch {
    // It ended just now.
  }
}
