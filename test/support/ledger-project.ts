/** A folder with settings and a handler that books every call in a file, for tests that kill processes. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Booked {
  readonly key: string;
  readonly n: number;
  readonly idempotencyKey: string;
}

export interface LedgerProjectOptions {
  readonly stream: string;
  readonly pipeline: string;
  /** How long the handler takes, in ms. */
  readonly handlerMs?: number;
  /** More fields of the pipeline, as source text. */
  readonly more?: string;
}

export class LedgerProject {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create({ stream, pipeline, handlerMs = 0, more = '' }: LedgerProjectOptions): Promise<LedgerProject> {
    const folder = await mkdtemp(join(tmpdir(), 'keylane-project-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules', 'keylane'));
    await writeFile(
      join(folder, 'keylane.config.ts'),
      `import { defineConfig, kinesis } from 'keylane';
export default defineConfig({
  temporal: { taskQueue: '${pipeline}' },
  pipelines: { '${pipeline}': { source: kinesis({ stream: '${stream}' }), handler: './handler.ts', ${more} } },
});
`,
    );
    await writeFile(
      join(folder, 'handler.ts'),
      `import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Handler } from 'keylane';
const handle: Handler = async (event, context) => {
  const { n } = event.json();
  if (${handlerMs} > 0) await delay(${handlerMs});
  if (event.text().includes('poison')) throw new Error('poison');
  if (event.text().includes('deadly')) process.exit(1);
  appendFileSync('${join(folder, 'books.jsonl')}', JSON.stringify({ key: event.key, n, idempotencyKey: context.idempotencyKey }) + '\\n');
};
export default handle;
`,
    );
    return new LedgerProject(folder);
  }

  async booked(): Promise<Booked[]> {
    const text = await readFile(join(this.folder, 'books.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Booked);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Whether one key's calls are in order (O1), where a call may be repeated after a crash (O7): each goes on with the next
 * event, or goes back to one that was handled before.
 */
export function outOfOrder(ns: readonly number[]): string | undefined {
  let highest = 0;
  let previous = 0;
  for (const n of ns) {
    const isNext = n === previous + 1;
    const goesBack = n <= highest;
    if (!isNext && !goesBack) return `${n} after ${previous}, with ${highest} as the highest`;
    previous = n;
    highest = Math.max(highest, n);
  }
  return undefined;
}
