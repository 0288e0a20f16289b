import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { Output } from './io.ts';
import { visibleEntry, visibleJson } from './render/log-line.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export const LOG_FORMATS = ['json', 'pretty'] as const;

export interface LogOptions {
  readonly logLevel?: (typeof LOG_LEVELS)[number];
  /** Without it: pretty on a terminal, JSON elsewhere. */
  readonly logFormat?: (typeof LOG_FORMATS)[number];
}

/** Logs to standard error, so that standard output stays free for what was asked for. */
export function createLog(options: LogOptions, stderr: Output, colors: boolean): Logger {
  const { logLevel = 'info', logFormat = stderr.isTTY === true ? 'pretty' : 'json' } = options;
  const destination: DestinationStream = { write: (line) => void stderr.write(visibleJson(line)) };
  if (logFormat === 'json') return pino({ level: logLevel, base: null }, destination);
  const format = pretty.prettyFactory({ colorize: colors, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' });
  return pino(
    { level: logLevel, base: null },
    { write: (line) => void stderr.write(format(visibleEntry(JSON.parse(line))) ?? '') },
  );
}
