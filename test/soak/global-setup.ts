import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { provideServer } from '../support/test-server.ts';

/** What these tests write does not fit into a database in memory: SQLite gives one up at 1 GiB. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'keylane-soak-'));
  const stop = await provideServer(project, join(folder, 'temporal.db'));
  return async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  };
}
