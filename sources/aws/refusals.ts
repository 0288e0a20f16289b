import { SourceConfigurationError, SourceUnavailableError } from '../errors.ts';

/** What an error of the service or of the SDK means for the caller, and what a person can do about it. */
interface Refusal {
  readonly error: typeof SourceUnavailableError | typeof SourceConfigurationError;
  readonly remedy: string;
}

const later = (remedy: string): Refusal => ({ error: SourceUnavailableError, remedy });
const person = (remedy: string): Refusal => ({ error: SourceConfigurationError, remedy });

const THROTTLED = later(
  'It is asked again; if this stays, see who else reads the stream (a shard allows 5 reads a second in all).',
);
const LIMITED = later(
  'It is asked again; if this stays, see who else lists or reads the stream (two readers a shard is what DynamoDB Streams allows).',
);
const INTERNAL = later('It is asked again.');
const CONNECTION = later('It is asked again; if this stays, check the endpoint, the network and the region.');
const EXPIRED_CREDENTIALS = later('It is asked again with fresh credentials; if this stays, renew them or sign in.');
const STALE = later('It is asked again from where reading stands.');
const ACCESS = person('Allow this action on the stream to the identity that Keylane runs as.');
const CREDENTIALS = person(
  'Check the AWS credentials: environment, profile or role (an emulator needs some too, whatever they are).',
);
const CLOCK = later(
  "This machine's clock is wrong: set it (NTP). AWS takes no request whose time is more than minutes away from its own. It is asked again.",
);
const KMS = person('Check the KMS key that encrypts the stream, and that the identity may decrypt with it.');
const MISSING = person('Check name, region, endpoint and account; what has been deleted must be created again.');
const REQUEST = person('Check the settings of the source.');

/** The one place that says which error is which. Names as in the answers of AWS, or in `name` or `code` of the SDK. */
export const REFUSALS: Readonly<Record<string, Refusal>> = {
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
  // A name server that is down looks the same as a name that is wrong.
  ENOTFOUND: CONNECTION,
  ExpiredToken: EXPIRED_CREDENTIALS,
  ExpiredTokenException: EXPIRED_CREDENTIALS,
  RequestTimeTooSkewed: CLOCK,
  RequestInTheFuture: CLOCK,
  RequestExpired: CLOCK,
  // Cursor and listing deal with these three; they only come out when one follows upon the other.
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
  UnknownOperationException: person('The endpoint does not know this operation: is it the right service?'),
};

const NO_REGION = person("Set the source's `region`, AWS_REGION, or a region in the AWS profile.");

/** AWS calls it an invalid signature when the time that was signed is not now. */
const CLOCK_MESSAGE = /^Signature (expired|not yet current)\b/;

/**
 * Classifies by name and code, else by HTTP status. What is left is taken for something that passes: asking again loses
 * nothing, giving up would stop a shard.
 */
export function refusalOf(error: unknown): Refusal {
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

function entry(name: string): Refusal | undefined {
  return Object.hasOwn(REFUSALS, name) ? REFUSALS[name] : undefined;
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
