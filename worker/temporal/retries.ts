import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';
import { isTriedOnce } from '../../bridge/tried-once.ts';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

const retrying = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
const once = makeGrpcRetryInterceptor({ ...defaultGrpcRetryOptions(), retryableDecider: () => false });

/**
 * The SDK repeats a request that failed, up to ten times, except those that belong to handing records over: a lane that is
 * busy would hold a turn of the others meanwhile (O3), and the dispatcher would not learn that Temporal throttles, which
 * refuses questions before it refuses signals. It repeats them itself: see bridge/dispatcher.ts.
 */
export const retryInterceptor: Interceptor = (options, nextCall) =>
  (isTriedOnce() ? once : retrying)(options, nextCall);
