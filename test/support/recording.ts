/** Recording of histories, which is done once for each: see test/workflow/replay.test.ts. */
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import packageJson from '../../package.json' with { type: 'json' };

export const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));

/** Where this machine keeps its files has no place in a history. */
export function withoutPaths(): void {
  Error.stackTraceLimit = 0;
}

export async function record(name: string, handle: WorkflowHandle): Promise<void> {
  const file = `${FOLDER}${name}.v${packageJson.version}.json`;
  if (existsSync(file)) throw new Error(`${file} is there already: recorded histories are never changed`);
  writeFileSync(file, `${historyToJSON(await handle.fetchHistory())}\n`);
}
