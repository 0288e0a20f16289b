import { expect, test } from 'vitest';
import { refusalOf } from '../../../temporal/versioning-support.ts';

/** As gRPC gives it. What a server of today says of versions that are switched off is in test/e2e/versions.test.ts. */
function grpcError(code: number, details: string): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
}

test.each([
  { code: 12, details: 'unknown method DescribeWorkerDeployment', refuses: true },
  { code: 7, details: 'Worker Deployment Versions are disabled on this namespace.', refuses: true },
  { code: 7, details: 'Request unauthorized.', refuses: false },
  {
    code: 5,
    details: "no Worker Deployment found with name 'orders'; does your Worker Deployment have pollers?",
    refuses: false,
  },
  { code: 14, details: 'no connection', refuses: false },
  { code: 4, details: 'Deadline exceeded', refuses: false },
])('a server that says $code "$details" cannot route by version: $refuses', ({ code, details, refuses }) => {
  expect(refusalOf(grpcError(code, details))).toBe(refuses ? details : undefined);
});

test('what is no answer of a server refuses nothing', () => {
  expect(refusalOf(new Error('other'))).toBeUndefined();
});
