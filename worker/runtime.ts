import { DefaultLogger, Runtime, type LogLevel } from '@temporalio/worker';
import type { Logger } from 'pino';

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;

let installed = false;

/**
 * Sets up Temporal's runtime for this process, once: its logs go where ours go (its everyday chatter as debug), and it
 * leaves the signals of the operating system to us, who stop things in the right order.
 */
export function installRuntime(log: Logger): void {
  if (installed) return;
  installed = true;
  const logger = new DefaultLogger(levelOf(log), (entry) => {
    // The token of a task says nothing to a person, and an error is told as such.
    const { taskToken: _token, error, ...meta } = entry.meta ?? {};
    const err = error === undefined ? {} : { err: error as unknown };
    log[PINO_LEVELS[entry.level]]({ ...meta, ...err, part: 'temporal' }, entry.message);
  });
  Runtime.install({ logger, shutdownSignals: [] });
}

function levelOf(log: Logger): LogLevel {
  if (log.isLevelEnabled('debug')) return 'INFO';
  return log.isLevelEnabled('warn') ? 'WARN' : 'ERROR';
}
