import { createInterface } from 'node:readline/promises';
import type { Environment } from '../settings/environment.ts';

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
  /** Ends the process at once. */
  exit(code: number): void;
  /** From now on what settings print goes to standard error: only `stdout` of this writes to standard output. */
  reserveStdout?(): void;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function processIo(): Io {
  const { stdin, stderr, env } = process;
  ignoreLostReaders();
  return {
    stdout: outputOf(process.stdout),
    stderr,
    isInteractive: stdin.isTTY && stderr.isTTY,
    env,
    cwd: process.cwd(),
    now: () => Date.now(),
    exit: (code) => process.exit(code),
    reserveStdout: () => {
      process.stdout.write = stderr.write.bind(stderr);
    },
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

/** With the method as it is now: see {@link Io.reserveStdout}. */
function outputOf(stream: NodeJS.WriteStream): Output {
  const write = stream.write.bind(stream);
  return {
    write: (text) => write(text),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
  };
}

const READER_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET', 'EIO']);

/**
 * Who has read enough (`| head -1`) closes the pipe: the command says nothing about that and does the rest of its work. A
 * service does not end with those who read its log, whatever happens to that.
 */
function ignoreLostReaders(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!READER_GONE.has(error.code)) throw error;
  });
}

/**
 * Ends the process when everything that was written has left it. What settings and handlers leave open (a database pool,
 * an interval) would otherwise keep a command that has answered, and a process that has stopped, alive for ever.
 */
export async function endProcess(code: number): Promise<never> {
  // The stream's own method again.
  Reflect.deleteProperty(process.stdout, 'write');
  await Promise.all([process.stdout, process.stderr].map((stream) => flushed(stream)));
  process.exit(code);
}

/** Also when nobody reads what is written any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) return resolve();
    stream.once('close', resolve).once('error', () => resolve());
    stream.write('', () => resolve());
  });
}
