import type { TestProject } from 'vitest/node';
import { provideServer } from './support/test-server.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  return await provideServer(project);
}
