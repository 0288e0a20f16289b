import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PROBE_TIMEOUT_MS = 20_000;
const NEEDED_FLAGS = ['--sqlite-pragma', '--dynamic-config-value', '--search-attribute', '--headless'];

/** Thrown when a file is not a `temporal` that can run the dev server. */
export class UnusableBinaryError extends Error {
  override readonly name = 'UnusableBinaryError';
}

/**
 * Finds out whether `path` is a temporal CLI with a dev server.
 * @returns what `temporal --version` prints
 * @throws {UnusableBinaryError} if it is not
 */
export async function probeBinary(path: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const version = (await output(path, ['--version'], env, signal)).trim();
  if (!/^temporal version \S+/.test(version)) {
    throw new UnusableBinaryError(`${path} --version prints "${firstLine(version)}", which is not the temporal CLI`);
  }
  const help = await output(path, ['server', 'start-dev', '--help'], env, signal);
  const missing = NEEDED_FLAGS.filter((flag) => !help.includes(flag));
  if (missing.length > 0) {
    throw new UnusableBinaryError(`${path} (${version}) has no \`server start-dev\` with ${missing.join(', ')}`);
  }
  return version;
}

async function output(path: string, args: string[], env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  try {
    const options = { env, timeout: PROBE_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
    return (await run(path, args, options)).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new UnusableBinaryError(`${path} ${args.join(' ')} failed: ${firstLine(stderr.trim() || message)}`, {
      cause: error,
    });
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
