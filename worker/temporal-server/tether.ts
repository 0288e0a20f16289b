import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import process from 'node:process';

/** Waits until the pipe from this process closes, which the kernel sees to however this process ends. */
const WATCH = 'read _; kill -s TERM -- "-$1" 2>/dev/null; sleep 10; kill -s KILL -- "-$1" 2>/dev/null';

/**
 * Ends the process group of `pid` when this process is gone, also when it was killed in a way that leaves it no moment
 * to clean up: a shell of its own, outside our process group, waits for that. Best effort where there is no `sh`.
 * @returns a function that releases it, to be called as soon as the process has ended and its pid may be reused
 */
export function tether(pid: number): () => void {
  const onExit = (): void => signalGroup(pid, 'SIGTERM');
  process.once('exit', onExit);
  if (process.platform === 'win32') return () => process.off('exit', onExit);

  const watcher = spawn('sh', ['-c', WATCH, 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.on('error', () => {});
  watcher.stdin.on('error', () => {});
  watcher.unref();
  (watcher.stdin as Socket).unref();
  return () => {
    process.off('exit', onExit);
    watcher.kill('SIGKILL');
  };
}

/** Signals a process and all that it started; nothing when they are gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
