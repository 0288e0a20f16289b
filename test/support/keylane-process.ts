/** Keylane as a person runs it: processes of the built command line, which can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { checkOutput } from './documents.ts';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessEnvironment {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command of the command line to its end. */
export async function keylane(args: readonly string[], where: ProcessEnvironment): Promise<CommandResult> {
  const result = await new KeylaneProcess(args, where).ended;
  checkOutput(args, result.stdout);
  return result;
}

export class KeylaneProcess {
  readonly ended: Promise<CommandResult>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], { cwd, env }: ProcessEnvironment) {
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...process.env, ...env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.ended = once(this.#child, 'close').then(([code]) => {
      return { code: code as number | null, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#stdout + this.#stderr;
  }

  async signal(signal: NodeJS.Signals): Promise<CommandResult> {
    this.#child.kill(signal);
    return await this.ended;
  }
}
