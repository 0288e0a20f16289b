/** What servers say, in their own words and codes. */
import { Buffer } from 'node:buffer';
import { NamespaceNotFoundError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { expect, test } from 'vitest';
import { rejectionOf } from '../../../../bridge/temporal/rejection.ts';

const MIB = 1024 * 1024;
const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
const { ResourceExhaustedCause } = proto.temporal.api.enums.v1;

/** As the client throws it. */
function answer(code: number, details: string, status?: Uint8Array): Error {
  const metadata = {
    get: (name: string) => (status && name === 'grpc-status-details-bin' ? [Buffer.from(status)] : []),
  };
  const cause = Object.assign(new Error(`${code} ${details}`), { code, details, metadata });
  return new ServiceError('Failed to signalWithStart Workflow', { cause });
}

function exhausted(cause: keyof typeof ResourceExhaustedCause, details: string): Error {
  const value = ResourceExhaustedFailure.encode({ cause: ResourceExhaustedCause[cause] }).finish();
  const type = 'type.googleapis.com/temporal.api.errordetails.v1.ResourceExhaustedFailure';
  const status = proto.google.rpc.Status.encode({ code: 8, details: [{ type_url: type, value }] }).finish();
  return answer(8, details, status);
}

function proxied(details: string): Error {
  const type = 'type.googleapis.com/google.rpc.RequestInfo';
  return answer(8, details, proto.google.rpc.Status.encode({ code: 8, details: [{ type_url: type }] }).finish());
}

test.each([
  ['the limit of signals', answer(3, 'exceeded workflow execution limit for signal events'), 'no signals left'],
  ['a payload', answer(3, 'Blob data size exceeds limit.'), 'too large'],
  ['a transaction', answer(3, 'Transaction size exceeds limit.'), 'too large'],
  ['a message', answer(8, 'grpc: received message larger than max (4400000 vs. 4194304)'), 'too large'],
  ['another argument', answer(3, 'Namespace not set on request.'), 'other'],
  ['a locked workflow', exhausted('RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW', 'Workflow is busy.'), 'busy'],
  [
    'a workflow that continues as new',
    exhausted(
      'RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW',
      'workflow operation can not be applied because workflow is closing',
    ),
    'busy',
  ],
  ['a locked workflow, without details', answer(8, 'Workflow is busy.'), 'busy'],
  ['requests a second', exhausted('RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT', 'namespace rate limit exceeded'), 'throttled'],
  [
    'actions a second',
    exhausted('RESOURCE_EXHAUSTED_CAUSE_APS_LIMIT', 'Action per second limit exceeded.'),
    'throttled',
  ],
  ['the system', exhausted('RESOURCE_EXHAUSTED_CAUSE_SYSTEM_OVERLOADED', 'System is overloaded.'), 'throttled'],
  [
    'the database',
    exhausted('RESOURCE_EXHAUSTED_CAUSE_PERSISTENCE_LIMIT', 'Persistence Max QPS Reached.'),
    'throttled',
  ],
  ['gRPC itself', answer(8, 'Bandwidth exhausted'), 'throttled'],
  ['no connection', answer(14, 'No connection established'), 'out of reach'],
  ['a deadline', answer(4, 'Deadline exceeded'), 'out of reach'],
  ['a namespace that fails over', answer(9, 'Namespace is not active in this cluster'), 'out of reach'],
  ['a namespace that is not there', new NamespaceNotFoundError('orders'), 'out of reach'],
  ['not found', new WorkflowNotFoundError('not found', 'orders:a', undefined), 'out of reach'],
  ['a load balancer without servers', answer(12, 'Received HTTP status code 404'), 'out of reach'],
  ['a locked workflow, with details of a proxy', proxied('Workflow is busy.'), 'busy'],
  ['requests a second, with details of a proxy', proxied('namespace rate limit exceeded'), 'throttled'],
  ['a key that is no longer valid', answer(16, 'invalid api key'), 'out of reach'],
  ['something else', new TypeError('cannot encode'), 'other'],
])('O9: %s', (_what, error, expected) => {
  expect(rejectionOf(error, 1000)).toBe(expected);
});

test('O9: a message that is repeated until its deadline for its size', () => {
  expect(rejectionOf(answer(4, 'Deadline exceeded'), 5 * MIB)).toBe('too large');
});
