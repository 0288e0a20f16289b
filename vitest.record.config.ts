import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Records a history of every way through a workflow: `npm run record`. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({ test: { include: ['test/workflow/recordings/*.record.ts'], testTimeout: 120_000 } }),
);
