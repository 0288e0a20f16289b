import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';
import { isTriedOnce } from './tried-once.ts';
import { GRPC } from './grpc.ts';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type NextCall = Parameters<Interceptor>[1];
type Call = ReturnType<NextCall>;

const retrying = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
const once = makeGrpcRetryInterceptor({ ...defaultGrpcRetryOptions(), retryableDecider: () => false });

/**
 * The SDK repeats a call from a timer. When the connection was closed meanwhile, that call throws there, where nothing can catch it,
 * and whoever waits for the answer waits for ever. Here the repeated call ends as canceled instead,
 * which is not repeated.
 */
function endingWithConnection(nextCall: NextCall): NextCall {
  let isRepeated = false;
  return (options) => {
    try {
      return nextCall(options);
    } catch (error) {
      if (!isRepeated) throw error;
      return canceledCall(error);
    } finally {
      isRepeated = true;
    }
  };
}

function canceledCall(error: unknown): Call {
  const details = error instanceof Error ? error.message : String(error);
  return {
    start: (metadata, listener) => listener?.onReceiveStatus?.({ code: GRPC.cancelled, details, metadata }),
    sendMessage: () => {},
    sendMessageWithContext: () => {},
    startRead: () => {},
    halfClose: () => {},
    cancelWithStatus: () => {},
    getPeer: () => '',
    getAuthContext: () => null,
  };
}

/**
 * The SDK repeats a request that failed, up to ten times, except those that belong to handing records over: a lane that is
 * busy would hold a turn of the others meanwhile (O3), and the dispatcher would not learn that Temporal throttles, which
 * refuses questions before it refuses signals. It repeats them itself: see bridge/deliver/dispatcher.ts.
 */
export const retryInterceptor: Interceptor = (options, nextCall) =>
  (isTriedOnce() ? once : retrying)(options, endingWithConnection(nextCall));
