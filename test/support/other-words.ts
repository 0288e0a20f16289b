/** Between workflows and the SDK: a signal that cannot be delivered is refused with other words than those of today. */
import { ApplicationFailure, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      async signalWorkflow(input, next) {
        try {
          return await next(input);
        } catch {
          throw ApplicationFailure.nonRetryable('The target has been closed', 'ExternalWorkflowIsClosed');
        }
      },
    },
  ],
});
