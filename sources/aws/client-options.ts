/** Of every client of a stream; fan-out has another one for its subscriptions. */

const CONNECTION_TIMEOUT_MS = 5_000;
/** Of one request; the largest page (10 MiB from Kinesis) takes a few seconds on a slow line. */
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * HTTP/1.1 with connections kept alive. The SDK's default for Kinesis is HTTP/2 with one new session for every request
 * (https://github.com/aws/aws-sdk-js-v3/issues/8279): a TLS handshake each time, and against a server that speaks HTTP/2
 * badly or not at all, as the emulators, an error that nobody can catch.
 */
export const STREAM_REQUESTS = {
  connectionTimeout: CONNECTION_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  // Without this the handler only logs a request that takes too long.
  throwOnRequestTimeout: true,
  // The request timeout ends with the first byte of the answer: this one ends an answer that stops half way.
  socketTimeout: REQUEST_TIMEOUT_MS,
  // A process has a request in flight for each shard that it reads; more than these wait for a connection.
  maxSockets: 256,
};
