import { createInterface } from 'node:readline/promises';
import type { Environment } from '../worker/temporal/environment.ts';

/** What the command line touches of the process, so that tests can hand in something else. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether a person sits there who can answer a question. */
  readonly isInteractive: boolean;
  readonly env: Environment;
  readonly cwd: string;
  /** ms since 1970 */
  now(): number;
  confirm(question: string): Promise<boolean>;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  return {
    stdout,
    stderr,
    isInteractive: stdin.isTTY && stderr.isTTY,
    env,
    cwd: process.cwd(),
    now: () => Date.now(),
    // On standard error: standard output may hold nothing but the one JSON document.
    confirm: async (question) => {
      const terminal = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
      } finally {
        terminal.close();
      }
    },
  };
}
