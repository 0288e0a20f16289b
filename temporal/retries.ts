import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';
import { isTriedOnce } from './tried-once.ts';
import { GRPC } from './grpc.ts';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type NextCall = Parameters<Interceptor>[1];
type Call = ReturnType<NextCall>;

const retrying = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
const once = makeGrpcRetryInterceptor({ ...defaultGrpcRetryOptions(), retryableDecider: () => false });

/**
 * The SDK repeats a call from a timer. When the connection was closed meanwhile, that call throws in the timer, where
 * nothing can catch it, and its caller waits for ever. Here the repeated call ends as canceled instead, which is not
 * repeated.
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
 * The SDK repeats a failed request up to ten times, except requests that deliver records: a busy lane would hold a turn
 * of the others meanwhile (O3), and the dispatcher would not learn that Temporal throttles, which rejects queries
 * before it rejects signals. The dispatcher repeats those itself: see bridge/deliver/dispatcher.ts.
 */
export const retryInterceptor: Interceptor = (options, nextCall) =>
  (isTriedOnce() ? once : retrying)(options, endingWithConnection(nextCall));
