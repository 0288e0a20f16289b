import { CommanderError } from 'commander';
import { errorDocument } from '../operations/documents/error.ts';
import { exitCodeOf, FailedAgainError, messageOf, SomeFailedError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { errorJson, jsonText } from './render/json.ts';
import { printable } from './render/text.ts';
import { styleFor } from './render/style.ts';

/**
 * Runs one command line; gives the exit code. Errors go to standard error, one way for all; with --json standard output has
 * a document all the same.
 */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  // What was typed, until it is known which word is an option and which the value of one.
  let isJson = asksForJson(argv);
  const program = buildProgram(io).hook('preAction', (_program, command) => {
    isJson = command.opts()['json'] === true;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const code = exitCodeOf(error);
    if (code !== EXIT.done && !isHelp(error)) {
      // The document says itself what has failed.
      const isReported = error instanceof SomeFailedError || error instanceof FailedAgainError;
      if (isJson && !isReported) io.stdout.write(`${jsonText(errorDocument(errorJson(error)))}\n`);
      io.stderr.write(`${styleFor(io.stderr, io.env).red('error:')} ${printable(messageOf(error), 'lines')}\n`);
    }
    return code;
  }
}

function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

/** `keylane` without a command prints its help, and nothing needs to be added. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help';
}
