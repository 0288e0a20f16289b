// Runs programs for the compose test: with what they print kept for the error, and none left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const TAIL = 4000;

export class CommandError extends Error {
  name = 'CommandError';

  constructor(commandLine, end, output) {
    super(`\`${commandLine}\` ended with ${end}\n${output.trim().slice(-TAIL)}`);
    this.output = output;
  }
}

/**
 * Runs a program to its end and gives what it printed on standard output.
 * `show` lets what it prints through as it comes. An abort ends it, with everything that it has started.
 */
export async function run(command, args, { env = {}, cwd, signal, show = false } = {}) {
  signal?.throwIfAborted();
  // A process group of its own: a Ctrl-C in the terminal is for us, who stop things in order.
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', all: '' };
  for (const [name, stream] of [
    ['stdout', child.stdout],
    ['stderr', child.stderr],
  ]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      if (name === 'stdout') output.stdout += text;
      output.all += text;
      if (show) process.stdout.write(text);
    });
  }
  const end = () => endGroup(child.pid, 'SIGTERM');
  signal?.addEventListener('abort', end, { once: true });
  try {
    const [code, by] = await once(child, 'close');
    signal?.throwIfAborted();
    if (code !== 0) throw new CommandError([command, ...args].join(' '), by ?? code, output.all);
    return output.stdout;
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/** Whether a program can be run, and succeeds. */
export async function succeeds(command, args, options) {
  return await run(command, args, options).then(
    () => true,
    () => false,
  );
}

export function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
