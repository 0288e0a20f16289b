// Compiles the TypeScript sources into dist/ and bundles the workflow code beside them, so that a worker starts without
// a bundler and runs the very workflow code that was tested.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.build.json`],
  {
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
chmodSync(`${dist}/cli/main.js`, 0o755);

const { bundleWorkflowCode } = await import('@temporalio/worker');
const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
const workflowsPath = `${dist}/workflows/index.js`;
const preloadModules = [`${dist}/workflows/preload.js`];
const { code } = await bundleWorkflowCode({ workflowsPath, preloadModules, logger: quiet });
writeFileSync(`${dist}/workflow-bundle.js`, code);
