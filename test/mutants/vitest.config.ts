import { defineConfig } from 'vitest/config';

/** The tests that kill mutants need no Temporal server, so none is started for each of the mutants. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    testTimeout: 60_000,
  },
});
