import { describeEnd, ProcessGroup, type ProcessGroupOptions } from './process-group.ts';

export interface RunOptions extends ProcessGroupOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** Thrown when a command could not be started, failed or took too long. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/**
 * Runs a command to its end.
 * @returns the last lines of its output
 * @throws {CommandError} with the last lines of its output
 * @throws the signal's reason, after the command and all its child processes have ended
 */
export async function runCommand(file: string, args: readonly string[], options: RunOptions): Promise<string> {
  options.signal?.throwIfAborted();
  const group = new ProcessGroup(file, args, options);
  let tookTooLong = false;
  // An abrupt end of these commands does no harm.
  const kill = (): void => void group.end(0);
  const timer = setTimeout(
    () => {
      tookTooLong = true;
      kill();
    },
    options.timeoutMs ?? 2 ** 31 - 1,
  );
  options.signal?.addEventListener('abort', kill);
  try {
    const end = await group.ended;
    options.signal?.throwIfAborted();
    if (tookTooLong) throw new CommandError(`took longer than ${options.timeoutMs} ms\n${group.tail}`);
    if (end.code !== 0) throw new CommandError(`${describeEnd(end)}\n${group.tail}`);
    return group.tail;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
  }
}
