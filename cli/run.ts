import { CommanderError } from 'commander';
import { exitCodeOf, messageOf } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { printable } from './render/text.ts';
import { styleFor } from './render/style.ts';

/** Runs one command line; gives the exit code. Errors go to standard error, one way for all. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await buildProgram(io).parseAsync([...argv], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const code = exitCodeOf(error);
    if (code !== EXIT.done && !isHelp(error)) {
      const message = messageOf(error).replace(/^error: /, '');
      io.stderr.write(`${styleFor(io.stderr, io.env).red('error:')} ${printable(message, 'lines')}\n`);
    }
    return code;
  }
}

/** `keylane` without a command prints its help, and nothing needs to be added. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help';
}
