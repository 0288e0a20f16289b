import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { moveIntoCache, TEMPORAL_CLI_VERSION } from './cache.ts';
import { probeBinary } from './probe.ts';
import { CommandError, runCommand } from './run-command.ts';

const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;

/** A release archive holds one binary; the SDK unpacks it under a name of its own. */
const DOWNLOADED = /^temporal-.*(?<!\.downloading)$/;

/**
 * Runs in a separate process: the SDK's runtime can be installed only once in a process, and handles its signals. A
 * server that was downloaded but is slow to start (the SDK waits 5 s) is no failure here: only the file counts.
 */
const SCRIPT = `
const [, testing, downloadDir, version] = process.argv;
const { TestWorkflowEnvironment } = require(testing);
TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir, version } } })
  .then((environment) => environment.teardown())
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  })
  .finally(() => process.exit());
`;

/**
 * Downloads the official release through `@temporalio/testing` to `target`.
 * @returns its version
 * @throws {CommandError} when that fails
 */
export async function downloadBinary(target: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const folder = await mkdtemp(join(dirname(target), 'downloading-'));
  try {
    const testing = createRequire(import.meta.url).resolve('@temporalio/testing');
    const args = ['-e', SCRIPT, testing, folder, `v${TEMPORAL_CLI_VERSION}`];
    const failure = await runCommand(process.execPath, args, { env, signal, timeoutMs: DOWNLOAD_TIMEOUT_MS }).then(
      () => undefined,
      (error: unknown) => error,
    );
    signal?.throwIfAborted();
    const file = (await readdir(folder)).find((name) => DOWNLOADED.test(name));
    if (file === undefined) throw failure ?? new CommandError('ended without an error, but there is no file');
    const version = await probeBinary(join(folder, file), env, signal);
    await moveIntoCache(join(folder, file), target);
    return version;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
