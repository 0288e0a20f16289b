import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };

/** Bundles the workflow code of the sources, as the build does. */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const preload = fileURLToPath(new URL('../../workflows/preload.ts', import.meta.url));
  return bundleWorkflowCode({ workflowsPath, preloadModules: [preload], logger: quiet });
}
