import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BINARY_NAME, moveIntoCache, TEMPORAL_CLI_VERSION } from './cache.ts';
import { compile, duration, goVersion } from './go.ts';
import { probeBinary } from './probe.ts';
import { CommandError } from './run-command.ts';

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
 * Builds the temporal CLI from the pinned module in tools/temporal-cli. Everything happens in a folder next to the
 * target, which is always removed: a build that was stopped leaves nothing.
 * @returns its version
 * @throws {CommandError} when Go is missing or too old, or the build fails
 */
export async function buildBinary(options: BuildOptions): Promise<string> {
  const { target, env, report, signal } = options;
  const folder = await mkdtemp(join(dirname(target), 'building-'));
  const source = join(folder, 'source');
  const output = join(folder, BINARY_NAME);
  try {
    // A copy, since the package may be installed in a read-only folder.
    await mkdir(source);
    await mkdir(join(folder, 'tmp'));
    for (const file of ['go.mod', 'go.sum']) await copyFile(join(moduleFolder(), file), join(source, file));
    const go = await goVersion(source, env, signal);
    report(
      `Building the Temporal dev server (temporal CLI ${TEMPORAL_CLI_VERSION}) with ${go}. This takes 3 to 8 minutes ` +
        `on two cores, once: it will be kept in ${dirname(target)}.`,
    );
    const startedAt = performance.now();
    const building = {
      ...options,
      what: 'the Temporal dev server',
      cwd: source,
      env: { ...env, GOTMPDIR: join(folder, 'tmp') },
    };
    await compile(building, ['build', '-mod=readonly', '-o', output, PACKAGE]);
    const version = await probeBinary(output, env, signal);
    await moveIntoCache(output, target);
    report(`Built the Temporal dev server in ${duration(performance.now() - startedAt)}: ${target}`);
    return version;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The module's folder is two folders up from the sources, and three from dist/. */
function moduleFolder(): string {
  const candidates = ['../../tools/temporal-cli', '../../../tools/temporal-cli'];
  const folders = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = folders.find((folder) => existsSync(join(folder, 'go.mod')));
  if (found === undefined) throw new CommandError(`this installation lacks tools/temporal-cli (${folders.join(', ')})`);
  return found;
}
