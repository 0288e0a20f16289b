/** Temporal's server, and the tool that sets up its database: built with Go once, and kept in the user's cache. */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, moveIntoCache } from '../../../worker/temporal-server/cache.ts';
import { compile, duration, goVersion } from '../../../worker/temporal-server/go.ts';
import { takeTurn } from '../../../worker/temporal-server/install-turn.ts';

/** The one that the dev server is made of. */
export const SERVER_VERSION = '1.31.2';

const REPORT_EVERY_MS = 10_000;

export interface ServerBinaries {
  readonly server: string;
  readonly sqlTool: string;
}

/** Where each comes from: Go names a program by the last part. */
const PACKAGES: Readonly<Record<keyof ServerBinaries, string>> = {
  server: 'go.temporal.io/server/cmd/server',
  sqlTool: 'go.temporal.io/server/cmd/tools/sql',
};

export async function findServerBinaries(): Promise<ServerBinaries> {
  const folder = join(cacheFolder(process.env), `temporal-server-${SERVER_VERSION}`);
  const found = { server: join(folder, 'server'), sqlTool: join(folder, 'sql') };
  const complete = (): boolean => Object.values(found).every((file) => existsSync(file));
  if (!complete()) {
    await takeTurn(join(folder, 'installing'), { onWait: sayWaiting }, async () => {
      if (!complete()) await build(folder, found);
    });
  }
  return found;
}

async function build(folder: string, target: ServerBinaries): Promise<void> {
  const building = join(folder, 'building');
  const bin = join(building, 'bin');
  const tmp = join(building, 'tmp');
  // Whoever has the turn is alone: what is there was left by one that was killed.
  await rm(building, { recursive: true, force: true });
  await mkdir(tmp, { recursive: true });
  try {
    const env = { ...process.env, GOBIN: bin, GOTMPDIR: tmp };
    const what = `Temporal’s server ${SERVER_VERSION}`;
    say(`Building ${what} with ${await goVersion(building, env)}: some minutes, once. It will be kept in ${folder}.`);
    const startedAt = performance.now();
    const packages = Object.values(PACKAGES).map((path) => `${path}@v${SERVER_VERSION}`);
    await compile({ what, cwd: building, env, report: say, reportEveryMs: REPORT_EVERY_MS }, ['install', ...packages]);
    await moveIntoCache(join(bin, 'server'), target.server);
    await moveIntoCache(join(bin, 'sql'), target.sqlTool);
    say(`Built ${what} in ${duration(performance.now() - startedAt)}.`);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

function sayWaiting(): void {
  say('Another process is building Temporal’s server: waiting for it.');
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
