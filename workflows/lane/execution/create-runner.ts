import { FunctionRunner } from './function-runner.ts';
import type { Runner, RunnerOptions } from './runner.ts';

/** The runner for the kind of handler that the options name. */
export function createRunner(options: RunnerOptions): Runner {
  switch (options.handler.kind) {
    case 'function':
      return new FunctionRunner(options);
  }
}
