/**
 * Watches the `npx`, `npm run` or similar runner that started this process, if any. Runners do not forward signals:
 * stopping one is meant to stop this process too, which would otherwise keep running with its ports and its work.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isProcessAlive } from './temporal-server/process-alive.ts';

const RUNNER = /(?:^|[\s/\\])(?:npm|npx|pnpm|yarn|yarnpkg)(?:-cli)?(?:\.c?js)?(?:\s|$)/;
/** How many ancestors to check: the runner, and shells between it and this process. */
const GENERATIONS = 3;
const LOOK_EVERY_MS = 1000;

/**
 * Calls back once when the runner has ended; never when no runner started this process.
 * @returns a function that ends the watch
 */
export function onRunnerGone(
  gone: () => void,
  env: Readonly<Record<string, string | undefined>> = process.env,
): () => void {
  // A shell that was started by `npm run` inherits this variable too, so the ancestors are checked.
  const runner = env['npm_execpath'] === undefined ? undefined : findRunner();
  if (runner === undefined) return () => undefined;
  const timer = setInterval(() => {
    if (isProcessAlive(runner)) return;
    clearInterval(timer);
    gone();
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function findRunner(): number | undefined {
  let pid = process.ppid;
  for (let generation = 0; generation < GENERATIONS && pid > 0; generation += 1) {
    const found = describe(pid);
    if (found === undefined) return undefined;
    if (RUNNER.test(found.command)) return pid;
    pid = found.parent;
  }
  return undefined;
}

function describe(pid: number): { readonly parent: number; readonly command: string } | undefined {
  try {
    if (process.platform === 'linux') {
      // The name in brackets may itself contain brackets and blanks.
      const [, parent] = /^.*\) \S (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return { parent: Number(parent), command };
    }
    const line = execFileSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const { parent, command } = /^(?<parent>\d+)\s+(?<command>.*)$/s.exec(line)?.groups ?? {};
    return { parent: Number(parent), command: command ?? '' };
  } catch {
    return undefined;
  }
}
