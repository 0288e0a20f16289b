import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };

/**
 * Bundles the workflow code of the sources, as the build does.
 * @param interceptors modules that stand between this code and Temporal's SDK
 */
export function bundleWorkflows(interceptors: readonly string[] = []): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const preload = fileURLToPath(new URL('../../workflows/preload.ts', import.meta.url));
  const workflowInterceptorModules = [...interceptors];
  return bundleWorkflowCode({ workflowsPath, preloadModules: [preload], workflowInterceptorModules, logger: quiet });
}
