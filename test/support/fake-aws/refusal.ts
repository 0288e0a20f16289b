import { AwsError } from './aws-error.ts';
import type { FakeCall, Fault } from './faults.ts';
import { NoAnswer } from './http-server.ts';

type Named = Record<FakeCall['service'], { readonly name: string; readonly status?: number }>;

const LISTINGS: ReadonlySet<string> = new Set(['ListShards', 'DescribeStream', 'ListStreams']);

const THROTTLED_LISTING: Named = {
  kinesis: { name: 'LimitExceededException' },
  dynamodb: { name: 'ThrottlingException' },
};
const THROTTLED_READ: Named = {
  kinesis: { name: 'ProvisionedThroughputExceededException' },
  dynamodb: { name: 'LimitExceededException' },
};
const TRIMMED: Named = {
  kinesis: { name: 'InvalidArgumentException' },
  dynamodb: { name: 'TrimmedDataAccessException' },
};
const INTERNAL: Named = {
  kinesis: { name: 'InternalFailure', status: 500 },
  dynamodb: { name: 'InternalServerError', status: 500 },
};

/** What a fault makes of a call in place of an answer; undefined for a fault that lets it be answered. */
export function refusalOf(fault: Fault, { service, operation }: FakeCall): Error | undefined {
  if (fault.kind === 'error') return new AwsError(fault.name, fault.message, fault.status);
  if (fault.kind === 'hang' || fault.kind === 'reset') return new NoAnswer(fault.kind);
  const names = namesOf(fault, operation);
  return names && new AwsError(names[service].name, 'as scripted', names[service].status);
}

function namesOf(fault: Fault, operation: string): Named | undefined {
  if (fault.kind === 'throttled') return LISTINGS.has(operation) ? THROTTLED_LISTING : THROTTLED_READ;
  if (fault.kind === 'trimmed') return TRIMMED;
  return fault.kind === 'internal' ? INTERNAL : undefined;
}
