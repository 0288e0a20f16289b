import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BINARY_NAME, moveIntoCache, TEMPORAL_CLI_VERSION } from './cache.ts';
import { probeBinary } from './probe.ts';
import { CommandError, runCommand } from './run-command.ts';

const MIN_GO = [1, 26, 4] as const;
const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';

export interface BuildOptions {
  /** Where the binary goes. */
  readonly target: string;
  readonly env: NodeJS.ProcessEnv;
  readonly report: (message: string) => void;
  readonly reportEveryMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Builds the temporal CLI from the pinned module in tools/temporal-cli. Everything happens in a folder beside the
 * target, which is removed whatever happens: a build that was stopped leaves nothing.
 * @returns its version
 * @throws {CommandError} when there is no Go, an old one, or the build fails
 */
export async function buildBinary(options: BuildOptions): Promise<string> {
  const { target, env, report, signal } = options;
  const folder = await mkdtemp(join(dirname(target), 'building-'));
  const source = join(folder, 'source');
  const output = join(folder, BINARY_NAME);
  try {
    // A copy, since the package may be installed where nothing may be written.
    await mkdir(source);
    await mkdir(join(folder, 'tmp'));
    for (const file of ['go.mod', 'go.sum']) await copyFile(join(moduleFolder(), file), join(source, file));
    const go = await goVersion(source, env, signal);
    report(
      `Building the Temporal dev server (temporal CLI ${TEMPORAL_CLI_VERSION}) with ${go}. This takes 3 to 8 minutes ` +
        `on two cores, once: it will be kept in ${dirname(target)}.`,
    );
    const startedAt = performance.now();
    await compile(options, source, output, join(folder, 'tmp'));
    const version = await probeBinary(output, env, signal);
    await moveIntoCache(output, target);
    report(`Built the Temporal dev server in ${duration(performance.now() - startedAt)}: ${target}`);
    return version;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function compile(options: BuildOptions, cwd: string, output: string, tmp: string): Promise<void> {
  const startedAt = performance.now();
  let compiled = 0;
  let downloaded = 0;
  const timer = setInterval(() => {
    const modules = downloaded === 0 ? '' : `${downloaded} modules downloaded, `;
    const elapsed = duration(performance.now() - startedAt);
    options.report(`Building the Temporal dev server: ${elapsed}, ${modules}${compiled} packages compiled.`);
  }, options.reportEveryMs);
  try {
    // -v names every package as it is compiled: without it there would be nothing to tell for minutes.
    const args = ['build', '-v', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', '-s -w', '-o', output];
    await runCommand('go', [...args, PACKAGE], {
      cwd,
      env: { ...options.env, CGO_ENABLED: '0', GOWORK: 'off', GOTMPDIR: tmp },
      signal: options.signal,
      onLine: (line) => {
        if (line.startsWith('go: downloading ')) downloaded += 1;
        else compiled += 1;
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/** Asked in the module's folder, where a Go that may fetch a newer toolchain answers for that one. */
async function goVersion(cwd: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
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

function atLeast(version: readonly number[], minimum: readonly number[]): boolean {
  for (const [index, least] of minimum.entries()) {
    const difference = (version[index] ?? -1) - least;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** From the sources it is two folders up, from dist/ three. */
function moduleFolder(): string {
  const candidates = ['../../tools/temporal-cli', '../../../tools/temporal-cli'];
  const folders = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = folders.find((folder) => existsSync(join(folder, 'go.mod')));
  if (found === undefined) throw new CommandError(`this installation lacks tools/temporal-cli (${folders.join(', ')})`);
  return found;
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
