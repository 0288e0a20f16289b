import { inject } from 'vitest';

/** The Temporal dev server of the whole test run, started by test/global-setup.ts. In memory, without UI. */
export interface TestDevServer {
  readonly address: string;
  readonly namespace: string;
  /** The `temporal` that it runs, for tests that need a server of their own. */
  readonly binary: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    devServer: TestDevServer;
  }
}

export function devServer(): TestDevServer {
  return inject('devServer');
}
