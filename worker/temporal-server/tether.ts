import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import process from 'node:process';

/** Waits until the pipe from this process closes, which the kernel does however this process ends. */
const WATCH = 'read _; kill -s TERM -- "-$1" 2>/dev/null; sleep 10; kill -s KILL -- "-$1" 2>/dev/null';

/**
 * Ends the process group of `pid` when this process has ended, also when it was killed without a chance to clean up: a
 * separate shell, outside this process group, waits for that. Best effort where there is no `sh`.
 * @returns a function that ends the watch; call it as soon as the process has ended, since its pid may be reused
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

/** Signals a process and all its children; does nothing when they have ended. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
