import { constants } from 'node:fs';
import { access, readdir, rm } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import process from 'node:process';
import { buildBinary } from './build.ts';
import { BINARY_NAME, cachedBinary, TEMPORAL_CLI_VERSION } from './cache.ts';
import { downloadBinary } from './download.ts';
import { TemporalServerUnavailableError, type FailedAttempt } from './errors.ts';
import { takeTurn } from './install-turn.ts';
import { probeBinary } from './probe.ts';

export interface FindOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Called with full sentences about what takes time and why. Not called when a binary exists already. */
  readonly report?: (message: string) => void;
  /** Interval of progress messages of a build. @default 10000 */
  readonly reportEveryMs?: number;
  /** Stops a download or a build and removes its files; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface TemporalBinary {
  readonly path: string;
  /** What `temporal --version` prints. */
  readonly version: string;
  readonly origin: 'path' | 'cache' | 'download' | 'build';
}

type Search = Required<Omit<FindOptions, 'signal'>> & {
  readonly signal: AbortSignal | undefined;
  readonly target: string;
  readonly failed: FailedAttempt[];
};

/**
 * Finds a `temporal` that can run a dev server: one on the PATH, one that was downloaded or built before, the official
 * download, a build with Go; in this order.
 * @throws {TemporalServerUnavailableError} when none of them works
 */
export async function findTemporalBinary(options: FindOptions = {}): Promise<TemporalBinary> {
  const { env = process.env, report = () => {}, reportEveryMs = 10_000, signal } = options;
  const search: Search = { env, report, reportEveryMs, signal, target: cachedBinary(env), failed: [] };
  const found = (await onPath(search)) ?? (await inCache(search)) ?? (await installed(search));
  if (found === undefined) throw new TemporalServerUnavailableError(search.failed);
  return found;
}

async function onPath(search: Search): Promise<TemporalBinary | undefined> {
  const folders = (search.env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const candidates: string[] = [];
  for (const folder of new Set(folders)) {
    if (await isExecutable(join(folder, BINARY_NAME))) candidates.push(join(folder, BINARY_NAME));
  }
  if (candidates.length === 0) search.failed.push({ way: 'a temporal on the PATH', reason: 'not found' });
  for (const path of candidates) {
    const version = await attempt(search, 'a temporal on the PATH', () => probeBinary(path, search.env, search.signal));
    if (version !== undefined) return { path, version, origin: 'path' };
  }
  return undefined;
}

async function inCache(search: Search): Promise<TemporalBinary | undefined> {
  const { target: path } = search;
  const version = await attempt(search, 'one downloaded or built before', async () => {
    if (!(await isExecutable(path))) throw new Error(`not found at ${path}`);
    return await probeBinary(path, search.env, search.signal);
  });
  return version === undefined ? undefined : { path, version, origin: 'cache' };
}

async function installed(search: Search): Promise<TemporalBinary | undefined> {
  const folder = dirname(search.target);
  const onWait = (): void => search.report('Another process is installing the Temporal dev server: waiting for it.');
  return await attempt(search, 'a place to keep it', () =>
    takeTurn(join(folder, 'installing'), { signal: search.signal, onWait }, async () => {
      await removeLeftovers(folder);
      return (await installedMeanwhile(search)) ?? (await install(search));
    }),
  );
}

async function installedMeanwhile({ target: path, env, signal }: Search): Promise<TemporalBinary | undefined> {
  if (!(await isExecutable(path))) return undefined;
  const version = await probeBinary(path, env, signal).catch(() => undefined);
  return version === undefined ? undefined : { path, version, origin: 'cache' };
}

async function install(search: Search): Promise<TemporalBinary | undefined> {
  const { env, report, signal, target: path } = search;
  report(`No Temporal server is set and no temporal CLI was found: downloading temporal CLI ${TEMPORAL_CLI_VERSION}.`);
  const downloaded = await attempt(search, 'the official download', () => downloadBinary(path, env, signal));
  if (downloaded !== undefined) return { path, version: downloaded, origin: 'download' };

  report(`The download failed: ${search.failed.at(-1)?.reason.trim().split('\n').at(-1)}`);
  const built = await attempt(search, 'a build with Go', () => buildBinary(search));
  return built === undefined ? undefined : { path, version: built, origin: 'build' };
}

/** Records why an attempt failed and returns undefined; an abort is thrown. */
async function attempt<T>(search: Search, way: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    search.signal?.throwIfAborted();
    search.failed.push({ way, reason: (error as Error).message });
    return undefined;
  }
}

/** The holder of the turn is the only one: folders of others were left by processes that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^(?:building|downloading)-/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
