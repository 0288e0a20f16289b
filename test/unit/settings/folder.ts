import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder with these files, gone when the test has ended. */
export async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keylane-settings-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** A TypeScript settings file whose only pipeline is `orders` with these fields beside source and handler. */
export function ordersConfig(fields = '', source = `kinesis({ stream: 'orders' })`): string {
  return `import { defineConfig, dynamodb, kinesis } from 'keylane';
export default defineConfig({ pipelines: { orders: { source: ${source}, handler: () => {}, ${fields} } } } as any);`;
}
