import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

const MINUTE = 60_000;

/** Tests that take many minutes and print figures: `npm run test:soak`, or one of them with its file's name behind `--`. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], globalSetup: [] } },
  defineConfig({
    test: {
      include: ['test/soak/**/*.soak.ts'],
      globalSetup: ['test/soak/global-setup.ts'],
      // They measure: one after the other.
      maxWorkers: 1,
      testTimeout: 120 * MINUTE,
    },
  }),
);
