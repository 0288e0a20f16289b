import { ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import {
  codeOf,
  ERROR_CODES,
  exitCodeOf,
  messageOf,
  SomeFailedError,
  UsageError,
  type ErrorCode,
} from '../../../cli/errors.ts';
import type { ExitCode } from '../../../cli/exit-codes.ts';
import {
  DecisionPendingError,
  NoSuchLaneError,
  NoSuchPipelineError,
  NoSuchRecordError,
  NothingInQuarantineError,
  NothingToDecideError,
  OPERATION_ERROR_CODES,
  QuarantinePendingError,
} from '../../../operations/errors.ts';
import { rejection } from '../../../contracts/rejection.ts';
import { MissingSearchAttributesError, NoWorkerError } from '../../../temporal/errors.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../sources/errors.ts';
import { SettingsError } from '../../../settings/errors.ts';
import { TemporalUnreachableError } from '../../../temporal/connection.ts';
import { TemporalEnvironmentError } from '../../../settings/environment.ts';

const grpc = (code: number) =>
  new ServiceError('Failed to list', {
    cause: Object.assign(new Error('why'), { code, details: 'why', metadata: {} }),
  });

const IDLE = rejection('no-failed-event', 'it is idle');
const EMPTY = rejection('quarantine-empty', 'it is empty');

test.each([
  [0, 'usage', new CommanderError(0, 'commander.helpDisplayed', '')],
  [1, 'failed', new Error('anything else')],
  [1, 'decision-pending', new DecisionPendingError('skip', 'orders', 'a')],
  [1, 'decision-pending', new QuarantinePendingError('retry', 'orders')],
  [1, 'search-attributes-missing', new MissingSearchAttributesError('default', 'no column')],
  [1, 'failed', grpc(13)],
  [2, 'usage', new CommanderError(1, 'commander.unknownOption', '')],
  [2, 'usage', new UsageError('x')],
  [2, 'invalid-settings', new SettingsError('/x', [])],
  [2, 'invalid-settings', new TemporalEnvironmentError(new Error('not TOML'))],
  [3, 'pipeline-not-found', new NoSuchPipelineError('carts', ['orders'], 'in Temporal')],
  [3, 'lane-not-found', new NoSuchLaneError('orders', 'a', undefined)],
  [4, 'nothing-to-do', new NothingToDecideError('skip', 'orders', 'a', IDLE)],
  [4, 'nothing-to-do', new NothingInQuarantineError('skip', 'orders', EMPTY)],
  [4, 'record-not-found', new NoSuchRecordError('orders', 's:1')],
  [5, 'no-worker', new NoWorkerError('orders:a', 'keylane', '')],
  [5, 'temporal-unreachable', new TemporalUnreachableError('localhost:7233', 'refused')],
  [5, 'namespace-not-found', new NamespaceNotFoundError('prod')],
  [5, 'source-unavailable', new SourceUnavailableError('kinesis:orders', 'throttled')],
  [5, 'source-unavailable', new SourceConfigurationError('kinesis:orders', 'no such stream')],
  [5, 'temporal-unreachable', grpc(14)],
  [5, 'temporal-unreachable', grpc(16)],
  [4, 'partly-resolved', new SomeFailedError(1, 2, 4)],
] satisfies (readonly [ExitCode, ErrorCode, Error])[])('exit code %i, %s: %s', (exitCode, code, error) => {
  expect(exitCodeOf(error)).toBe(exitCode);
  expect(codeOf(error)).toBe(code);
});

test('each code of an operation has an exit code', () => {
  expect(ERROR_CODES).toEqual(expect.arrayContaining([...OPERATION_ERROR_CODES]));
});

test('a failure of gRPC is told with its reason', () => {
  expect(messageOf(grpc(14))).toBe('Failed to list: why');
});

test('a namespace that is not there comes with what to do', () => {
  expect(messageOf(new NamespaceNotFoundError('prod'))).toMatchInlineSnapshot(
    `"Temporal has no namespace "prod": create it (temporal operator namespace create), or correct --namespace, temporal.namespace or TEMPORAL_NAMESPACE."`,
  );
});

test('a mistake of ours comes with its stack', () => {
  expect(messageOf(new TypeError('x is undefined'))).toContain('errors.test.ts');
});

test('a key that looks like pipeline:key says that its pipeline is not one (fault H5)', () => {
  expect(new NoSuchLaneError('payments', 'orders:x', undefined).message).toMatch(/"orders:" names a pipeline only if/);
  for (const key of ['x', ':x', 'orders:', '1:2', 'a b:c']) {
    expect(new NoSuchLaneError('payments', key, undefined).message).not.toContain('names a pipeline only if');
  }
});
