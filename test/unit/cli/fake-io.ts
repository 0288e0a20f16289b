import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ExitCode } from '../../../cli/exit-codes.ts';
import type { Io } from '../../../cli/io.ts';
import { run } from '../../../cli/run.ts';
import type { Style } from '../../../cli/render/style.ts';
import { checkOutput } from '../../support/documents.ts';

export interface Outcome {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
  /** What the person was asked. */
  readonly questions: readonly string[];
}

export interface Around {
  readonly cwd?: string;
  /** What a person at the terminal answers; without it there is no terminal. */
  readonly answer?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs one command line of `keylane` in this process. */
export async function keylane(
  argv: readonly string[],
  { cwd = tmpdir(), answer, env = {} }: Around = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const questions: string[] = [];
  const io: Io = {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    isInteractive: answer !== undefined,
    env: { HOME: '/nonexistent', ...env },
    cwd,
    now: () => Date.now(),
    exit: (code) => {
      throw new Error(`The process was to end with ${code}`);
    },
    confirm: (question) => {
      questions.push(question);
      return Promise.resolve(answer === true);
    },
  };
  const code = await run(argv, io);
  checkOutput(argv, written.stdout);
  return { code, ...written, questions };
}

/** A folder with settings for these pipelines, gone when the test has ended. */
export async function folderWithPipelines(pipelines: readonly string[], kind = 'kinesis'): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'keylane-cli-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const source = kind === 'kinesis' ? { kind, stream: 'orders' } : { kind, table: 'orders' };
  const entries = pipelines.map((name) => `${name}: { source: ${JSON.stringify(source)}, handler() {} }`);
  await writeFile(join(cwd, 'keylane.config.mjs'), `export default { pipelines: { ${entries.join(', ')} } };`);
  return cwd;
}

const plain = (text: string): string => text;

/** No colours, nothing cut. */
export const PLAIN: Style = { bold: plain, dim: plain, red: plain, yellow: plain, green: plain, width: undefined };
