import { CommandError, runCommand } from './run-command.ts';

const MIN_GO = [1, 26, 4] as const;
/** -v prints every package as it is compiled: without it there would be no progress for minutes. */
const FLAGS = ['-v', '-buildvcs=false', '-trimpath', '-ldflags', '-s -w'];

export interface CompileOptions {
  /** Its name in progress messages. */
  readonly what: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly report: (message: string) => void;
  readonly reportEveryMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `go build` or `go install` with progress messages.
 * @throws {CommandError} when it fails
 */
export async function compile(
  options: CompileOptions,
  [verb, ...args]: readonly ['build' | 'install', ...string[]],
): Promise<void> {
  const { what, cwd, env, report, reportEveryMs, signal } = options;
  const startedAt = performance.now();
  let compiled = 0;
  let downloaded = 0;
  const timer = setInterval(() => {
    const modules = downloaded === 0 ? '' : `${downloaded} modules downloaded, `;
    report(`Building ${what}: ${duration(performance.now() - startedAt)}, ${modules}${compiled} packages compiled.`);
  }, reportEveryMs);
  try {
    await runCommand('go', [verb, ...FLAGS, ...args], {
      cwd,
      env: { ...env, CGO_ENABLED: '0', GOWORK: 'off' },
      signal,
      onLine: (line) => {
        if (line.startsWith('go: downloading ')) downloaded += 1;
        else compiled += 1;
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/**
 * The version of Go, in the module's folder: a Go that may download a newer toolchain reports that one there.
 * @throws {CommandError} when Go is missing or too old
 */
export async function goVersion(cwd: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const text = await runCommand('go', ['version'], { cwd, env: { ...env, GOWORK: 'off' }, signal }).catch(
    (error: unknown) => {
      signal?.throwIfAborted();
      throw new CommandError(`\`go version\` ${(error as Error).message}`);
    },
  );
  const match = /\bgo(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  const numbers = (match ?? []).slice(1).map((number) => Number(number ?? 0));
  if (!atLeast(numbers, MIN_GO)) {
    throw new CommandError(`Go ${MIN_GO.join('.')} or newer is needed, and \`go version\` prints "${text}"`);
  }
  return match?.[0] ?? text;
}

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function atLeast(version: readonly number[], minimum: readonly number[]): boolean {
  for (const [index, min] of minimum.entries()) {
    const difference = (version[index] ?? -1) - min;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
