import { SourceConfigurationError, SourceUnavailableError } from '../errors.ts';

/** What an error of the service or of the SDK means for the caller, and its remedy. */
interface ErrorMeaning {
  readonly error: typeof SourceUnavailableError | typeof SourceConfigurationError;
  readonly remedy: string;
}

const temporary = (remedy: string): ErrorMeaning => ({ error: SourceUnavailableError, remedy });
const lasting = (remedy: string): ErrorMeaning => ({ error: SourceConfigurationError, remedy });

const THROTTLED = temporary(
  'Retrying; if this persists, check what else reads the stream (a shard allows 5 reads a second in total).',
);
const LIMITED = temporary(
  'Retrying; if this persists, check what else lists or reads the stream (DynamoDB Streams allows two readers for each shard).',
);
const INTERNAL = temporary('Retrying.');
const CONNECTION = temporary('Retrying; if this persists, check the endpoint, the network and the region.');
const EXPIRED_CREDENTIALS = temporary('Retrying with fresh credentials; if this persists, renew them or sign in.');
const STALE = temporary('Retrying from the current position.');
const ACCESS = lasting('Allow this action on the stream to the identity that Keylane runs as.');
const CREDENTIALS = lasting(
  'Check the AWS credentials: environment, profile or role (an emulator needs some too, with any values).',
);
const CLOCK = temporary(
  "This machine's clock is wrong: set it (NTP). AWS rejects requests whose time differs by more than a few minutes. Retrying.",
);
const KMS = lasting('Check the KMS key that encrypts the stream, and that the identity may decrypt with it.');
const MISSING = lasting('Check name, region, endpoint and account; a deleted stream must be created again.');
const REQUEST = lasting('Check the settings of the source.');

/** The only table of errors. Names are those in the answers of AWS, or `name` or `code` of the SDK's errors. */
export const ERROR_MEANINGS: Readonly<Record<string, ErrorMeaning>> = {
  ProvisionedThroughputExceededException: THROTTLED,
  ThrottlingException: THROTTLED,
  Throttling: THROTTLED,
  TooManyRequestsException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  KMSThrottlingException: THROTTLED,
  LimitExceededException: LIMITED,
  // The stream is being created.
  ResourceInUseException: INTERNAL,
  InternalFailure: INTERNAL,
  InternalFailureException: INTERNAL,
  InternalServerError: INTERNAL,
  ServiceUnavailable: INTERNAL,
  ServiceUnavailableException: INTERNAL,
  RequestTimeout: CONNECTION,
  RequestTimeoutException: CONNECTION,
  TimeoutError: CONNECTION,
  ECONNREFUSED: CONNECTION,
  ECONNRESET: CONNECTION,
  ECONNABORTED: CONNECTION,
  EPIPE: CONNECTION,
  ETIMEDOUT: CONNECTION,
  EHOSTUNREACH: CONNECTION,
  ENETUNREACH: CONNECTION,
  EAI_AGAIN: CONNECTION,
  // A DNS server that is down looks the same as a wrong host name.
  ENOTFOUND: CONNECTION,
  ExpiredToken: EXPIRED_CREDENTIALS,
  ExpiredTokenException: EXPIRED_CREDENTIALS,
  RequestTimeTooSkewed: CLOCK,
  RequestInTheFuture: CLOCK,
  RequestExpired: CLOCK,
  // Cursor and listing handle these three; they are thrown only when one follows another.
  ExpiredIteratorException: STALE,
  ExpiredNextTokenException: STALE,
  TrimmedDataAccessException: STALE,

  ResourceNotFoundException: MISSING,
  AccessDenied: ACCESS,
  AccessDeniedException: ACCESS,
  NotAuthorized: ACCESS,
  OptInRequired: ACCESS,
  UnrecognizedClientException: CREDENTIALS,
  InvalidClientTokenId: CREDENTIALS,
  InvalidSignatureException: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  IncompleteSignature: CREDENTIALS,
  IncompleteSignatureException: CREDENTIALS,
  MissingAuthenticationToken: CREDENTIALS,
  MissingAuthenticationTokenException: CREDENTIALS,
  CredentialsProviderError: CREDENTIALS,
  KMSAccessDeniedException: KMS,
  KMSDisabledException: KMS,
  KMSInvalidStateException: KMS,
  KMSNotFoundException: KMS,
  KMSOptInRequired: KMS,
  InvalidArgumentException: REQUEST,
  ValidationException: REQUEST,
  UnknownOperationException: lasting('The endpoint does not know this operation: is it the right service?'),
};

const NO_REGION = lasting("Set the source's `region`, AWS_REGION, or a region in the AWS profile.");

/** AWS reports a wrong clock as an invalid signature. */
const CLOCK_MESSAGE = /^Signature (expired|not yet current)\b/;

/**
 * Classifies by name and code, else by HTTP status. Unknown errors count as temporary: a retry loses nothing, giving up
 * would stop a shard.
 */
export function meaningOf(error: unknown): ErrorMeaning {
  const { name = '', code = '', message = '', $metadata } = asServiceError(error);
  if (message === 'Region is missing') return NO_REGION;
  if (CLOCK_MESSAGE.test(message)) return CLOCK;
  const known = entry(name) ?? entry(code);
  if (known !== undefined) return known;
  const status = $metadata?.httpStatusCode ?? 500;
  return status >= 500 || status === 429 || status === 408 ? INTERNAL : REQUEST;
}

/** `Name: message` of an error, also of one without a message (a connection that several addresses refused). */
export function describeError(error: unknown): string {
  const { name, code, message } = asServiceError(error);
  const title = name === undefined || name === 'Error' || name === 'AggregateError' ? code : name;
  return [title, message].filter((part) => part !== undefined && part !== '').join(': ') || String(error);
}

function entry(name: string): ErrorMeaning | undefined {
  return Object.hasOwn(ERROR_MEANINGS, name) ? ERROR_MEANINGS[name] : undefined;
}

interface ServiceError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function asServiceError(error: unknown): ServiceError {
  return typeof error === 'object' && error !== null ? error : { message: String(error) };
}
