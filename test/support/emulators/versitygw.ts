import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { freePort, type Server, startServer } from '../../../demo/server-process.ts';
import { cachedBinary, moveIntoCache } from '../../../worker/temporal-server/cache.ts';
import { takeTurn } from '../../../worker/temporal-server/install-turn.ts';
import { runCommand } from '../../../worker/temporal-server/run-command.ts';
import { EMULATOR_CREDENTIALS, EMULATOR_REGION } from './credentials.ts';

const VERSION = '1.8.0';
const BUILD_TIMEOUT_MS = 10 * 60_000;

/**
 * Versity's gateway, which speaks S3 over a folder: a server for real use, which checks signatures and checksums.
 * @returns its binary, built once and kept; undefined when it cannot be had here, with the reason on standard error
 */
export async function findS3Gateway(): Promise<string | undefined> {
  const target = join(dirname(cachedBinary(process.env)), `../versitygw-${VERSION}/versitygw`);
  if (existsSync(target)) return target;
  try {
    // Several files of tests need it.
    await takeTurn(join(dirname(target), 'build'), { onWait: () => {} }, async () => {
      if (!existsSync(target)) await build(target);
    });
    return target;
  } catch (error) {
    process.stderr.write(`There is no S3 to try the store on: ${describe(error)}\n`);
    return undefined;
  }
}

async function build(target: string): Promise<void> {
  const folder = join(dirname(target), `build-${process.pid}`);
  const module = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' };
  process.stderr.write(`Building ${module} with Go, once; some minutes.\n`);
  try {
    await mkdir(folder, { recursive: true });
    const args = ['install', '-trimpath', '-ldflags', '-s -w', module];
    await runCommand('go', args, { env, timeoutMs: BUILD_TIMEOUT_MS });
    await moveIntoCache(join(folder, 'versitygw'), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export interface S3Gateway extends Server {
  /** Where the objects of the bucket lie. */
  readonly folder: string;
}

/** With an empty bucket of this name. */
export async function startS3Gateway(binary: string, bucket: string): Promise<S3Gateway> {
  const folder = await mkdtemp(join(tmpdir(), 'keylane-s3-'));
  // A bucket is a folder; what else is known of its objects lies beside it, as not every file system takes it.
  await mkdir(join(folder, 'buckets', bucket), { recursive: true });
  await mkdir(join(folder, 'sidecar'));
  const port = await freePort();
  const { accessKeyId, secretAccessKey } = EMULATOR_CREDENTIALS;
  const server = await startServer({
    name: 'versitygw',
    command: binary,
    args: ['--quiet', 'posix', '--sidecar', join(folder, 'sidecar'), join(folder, 'buckets')],
    env: {
      VGW_PORT: `127.0.0.1:${port}`,
      VGW_REGION: EMULATOR_REGION,
      ROOT_ACCESS_KEY_ID: accessKeyId,
      ROOT_SECRET_ACCESS_KEY: secretAccessKey,
    },
    port,
  });
  return {
    endpoint: server.endpoint,
    folder: join(folder, 'buckets', bucket),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
