import { pino, type Logger } from 'pino';
import { TURNED_WITHOUT_INPUT } from '../../workflows/shared/turned.ts';

const LEVEL = process.env['KEYLANE_TEST_LOG'];

/** Workflows whose loop found something to do although nothing had come in: there must be none. */
const turned: string[] = [];

/** Silent, unless KEYLANE_TEST_LOG names a level. */
export const log: Logger = pino(
  { level: LEVEL ?? 'error' },
  {
    write(line: string) {
      if (line.includes(TURNED_WITHOUT_INPUT)) turned.push(line);
      if (LEVEL !== undefined) process.stdout.write(line);
    },
  },
);

/** @throws when the loop of a workflow of this process has turned without a new input */
export function expectNoTurnWithoutInput(): void {
  if (turned.length > 0) throw new Error(turned.splice(0).join(''));
}
