import { pino, type Logger } from 'pino';

/** Silent, unless KEYLANE_TEST_LOG names a level. */
export const log: Logger = pino({ level: process.env['KEYLANE_TEST_LOG'] ?? 'silent' });
