import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { signalGroup, tether } from './tether.ts';

const TAIL_LINES = 40;
/** The reason for which a Go program dies is printed before a stack trace that is longer than the tail. */
const REASON = /^(?:panic|fatal error|error)\b/i;
const MAX_REASONS_KEPT = 5;

export interface ProcessGroupOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: ((line: string) => void) | undefined;
}

/** How a process ended; `error` when it could not be started. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

/**
 * A program in its own process group, with all its child processes.
 *
 * Owns the group, its output and its end. Invariants: the terminal's Ctrl-C does not reach the group, so that this
 * process decides when it ends; the group does not outlive this process (see tether.ts); its output is always read, so
 * that it never blocks on a full pipe.
 */
export class ProcessGroup {
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  /** Reasons that are no longer in the tail. */
  #reasons: string[] = [];
  #gone = false;

  constructor(file: string, args: readonly string[], options: ProcessGroupOptions) {
    this.#child = spawn(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#read(options.onLine);
    const release = this.#child.pid === undefined ? () => {} : tether(this.#child.pid);
    this.ended = new Promise((resolve) => {
      const end = (how: ProcessEnd): void => {
        this.#gone = true;
        release();
        resolve(how);
      };
      this.#child.once('error', (error) => end({ code: null, signal: null, error }));
      // `close` comes when the output is closed too: then the whole group has ended, and the tail is complete.
      this.#child.once('close', (code, signal) => end({ code, signal }));
    });
  }

  /** Undefined when the program could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines of its output, both streams together, after earlier lines that look like a reason. */
  get tail(): string {
    return [...this.#reasons, ...this.#tail].join('\n');
  }

  /** True as soon as the program itself has ended, when {@link ended} may still wait for the rest of its output. */
  get hasEnded(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Asks the group to end, and kills it after `graceMs`. Resolves when it has ended. */
  async end(graceMs: number): Promise<ProcessEnd> {
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid !== undefined && !this.#gone) signalGroup(this.pid, signal);
  }

  #read(onLine: ((line: string) => void) | undefined): void {
    for (const input of [this.#child.stdout, this.#child.stderr]) {
      if (input === null) continue;
      createInterface({ input, crlfDelay: Infinity }).on('line', (line) => {
        if (line.trim() !== '') this.#tail.push(line);
        const dropped = this.#tail.length > TAIL_LINES ? this.#tail.shift() : undefined;
        if (dropped !== undefined && REASON.test(dropped)) {
          this.#reasons = [...this.#reasons, dropped].slice(-MAX_REASONS_KEPT);
        }
        onLine?.(line);
      });
    }
  }
}

/** Describes the end in messages. */
export function describeEnd({ code, signal, error }: ProcessEnd): string {
  if (error !== undefined) return `could not be started (${error.message})`;
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
