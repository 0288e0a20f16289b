import { makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';

/**
 * Ends this run with the argument of the next one. Never returns: it leaves by an exception.
 * Memo and search attributes that this run has written are not carried over by Temporal, so they are given to the next run.
 * @param memo what the next run's memo says otherwise than this run's
 */
export async function continueAsNew(input: object, memo: Readonly<Record<string, unknown>> = {}): Promise<never> {
  const { memo: written = {}, typedSearchAttributes } = workflowInfo();
  const next = makeContinueAsNewFunc<(input: object) => Promise<never>>({
    memo: { ...written, ...memo },
    typedSearchAttributes,
  });
  return await next(input);
}
