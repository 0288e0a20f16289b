import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

const retrying = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
const once = makeGrpcRetryInterceptor({ ...defaultGrpcRetryOptions(), retryableDecider: () => false });

/**
 * The SDK repeats a request that failed, up to ten times, except that which hands records over: a lane that is busy would
 * hold a turn of the others meanwhile (O3), and the dispatcher would not learn that Temporal throttles. It repeats them
 * itself: see bridge/dispatcher.ts.
 */
export const retryInterceptor: Interceptor = (options, nextCall) => {
  const isHandover = options.method_definition.path.endsWith('/SignalWithStartWorkflowExecution');
  return (isHandover ? once : retrying)(options, nextCall);
};
