/** Options of every client of a stream; fan-out has another client for its subscriptions. */

const CONNECTION_TIMEOUT_MS = 5_000;
/** Timeout of one request; the largest page (10 MiB from Kinesis) takes a few seconds on a slow connection. */
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * HTTP/1.1 with keep-alive connections. The SDK's default for Kinesis is HTTP/2 with one new session for every request
 * (https://github.com/aws/aws-sdk-js-v3/issues/8279): a TLS handshake each time, and with a server that has poor or no
 * support for HTTP/2, such as the emulators, an error that no caller can catch.
 */
export const STREAM_REQUESTS = {
  connectionTimeout: CONNECTION_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  // Without this the handler only logs that a request takes too long.
  throwOnRequestTimeout: true,
  // The request timeout only covers the time until the first byte of the answer: this one ends an answer that stops
  // half way.
  socketTimeout: REQUEST_TIMEOUT_MS,
  // A process has a request in flight for each shard that it reads; further requests wait for a connection.
  maxSockets: 256,
};
