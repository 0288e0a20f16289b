import { describe, expect, test } from 'vitest';
import { describeError, meaningOf, ERROR_MEANINGS } from '../../../sources/aws/error-meanings.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../sources/errors.ts';

const LATER = [
  'ProvisionedThroughputExceededException',
  'LimitExceededException',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'KMSThrottlingException',
  'ResourceInUseException',
  'InternalFailure',
  'InternalFailureException',
  'InternalServerError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'RequestInTheFuture',
  'ExpiredIteratorException',
  'ExpiredNextTokenException',
  'TrimmedDataAccessException',
];
const PERSON = [
  'ResourceNotFoundException',
  'AccessDenied',
  'AccessDeniedException',
  'NotAuthorized',
  'OptInRequired',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'CredentialsProviderError',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
  'InvalidArgumentException',
  'ValidationException',
  'UnknownOperationException',
];

function failure(fields: object): Error {
  return Object.assign(new Error('it failed'), fields);
}

describe('what an error of AWS means', () => {
  test.each(LATER)('%s may pass', (name) => {
    expect(meaningOf(failure({ name })).error).toBe(SourceUnavailableError);
    expect(meaningOf(failure({ code: name })).error).toBe(SourceUnavailableError);
  });

  test.each(PERSON)('%s is for a person to mend', (name) => {
    expect(meaningOf(failure({ name })).error).toBe(SourceConfigurationError);
  });

  test('every known error is in one of the two lists, and has a remedy', () => {
    expect(Object.keys(ERROR_MEANINGS).toSorted()).toEqual([...LATER, ...PERSON].toSorted());
    for (const { remedy } of Object.values(ERROR_MEANINGS)) expect(remedy).toMatch(/\w/);
  });

  test.each<[string, unknown, typeof SourceUnavailableError | typeof SourceConfigurationError]>([
    ['no region', new Error('Region is missing'), SourceConfigurationError],
    ['an unknown refusal', failure({ name: 'New', $metadata: { httpStatusCode: 400 } }), SourceConfigurationError],
    ['an unknown breakdown', failure({ name: 'New', $metadata: { httpStatusCode: 503 } }), SourceUnavailableError],
    ['an unknown throttling', failure({ name: 'New', $metadata: { httpStatusCode: 429 } }), SourceUnavailableError],
    ['an error without a status', failure({ name: 'New', $metadata: {} }), SourceUnavailableError],
    ['a name that every object has', failure({ name: 'constructor' }), SourceUnavailableError],
    ['no error at all', 'text', SourceUnavailableError],
  ])('%s', (_, error, expected) => {
    expect(meaningOf(error).error).toBe(expected);
  });
});

test.each([
  failure({ name: 'RequestTimeTooSkewed' }),
  failure({
    name: 'InvalidSignatureException',
    message: 'Signature expired: 20260131T115000Z is now earlier than 20260131T120000Z (20260131T120500Z - 5 min.)',
  }),
  failure({
    name: 'InvalidSignatureException',
    message:
      'Signature not yet current: 20260131T121000Z is still later than 20260131T120500Z (20260131T120000Z + 5 min.)',
  }),
])('a clock that is wrong is called that, and not the credentials (fault F8): $name, $message', (error) => {
  expect(meaningOf(error).remedy).toMatch(/clock is wrong/);
  expect(meaningOf(error).remedy).not.toMatch(/credentials/);
});

test('a signature that is wrong for another reason is about the credentials (fault F8)', () => {
  const message = 'The request signature we calculated does not match the signature you provided.';
  expect(meaningOf(failure({ name: 'InvalidSignatureException', message })).remedy).toMatch(/credentials/);
});

test.each<[unknown, string]>([
  [failure({ name: 'ResourceNotFoundException' }), 'ResourceNotFoundException: it failed'],
  [failure({ code: 'ECONNREFUSED' }), 'ECONNREFUSED: it failed'],
  [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['text', 'text'],
])('describeError(%o)', (error, expected) => {
  expect(describeError(error)).toBe(expected);
});
