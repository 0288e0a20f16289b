import { ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { exitCodeOf, messageOf, NoSuchPipelineError, SomeFailedError, UsageError } from '../../../cli/errors.ts';
import {
  DecisionPendingError,
  NoSuchLaneError,
  NoSuchRecordError,
  NothingInQuarantineError,
  NothingToDecideError,
  QuarantinePendingError,
} from '../../../operations/errors.ts';
import { MissingSearchAttributesError, NoWorkerError } from '../../../temporal/errors.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../sources/errors.ts';
import { SettingsError } from '../../../settings/errors.ts';
import { TemporalUnreachableError } from '../../../temporal/connection.ts';
import { TemporalEnvironmentError } from '../../../settings/environment.ts';

const grpc = (code: number) =>
  new ServiceError('Failed to list', {
    cause: Object.assign(new Error('why'), { code, details: 'why', metadata: {} }),
  });

test.each([
  [0, new CommanderError(0, 'commander.helpDisplayed', '')],
  [1, new Error('anything else')],
  [1, new DecisionPendingError('skip', 'orders', 'a')],
  [1, new QuarantinePendingError('retry', 'orders')],
  [1, new MissingSearchAttributesError('default', 'no column')],
  [1, grpc(13)],
  [2, new CommanderError(1, 'commander.unknownOption', '')],
  [2, new UsageError('x')],
  [2, new SettingsError('/x', [])],
  [2, new TemporalEnvironmentError(new Error('not TOML'))],
  [3, new NoSuchPipelineError('carts', ['orders'])],
  [3, new NoSuchLaneError('orders', 'a', undefined)],
  [4, new NothingToDecideError('skip', 'orders', 'a', 'it is idle')],
  [4, new NothingInQuarantineError('skip', 'orders', 'it is empty')],
  [4, new NoSuchRecordError('orders', 's:1')],
  [5, new NoWorkerError('orders:a', 'keylane', '')],
  [5, new TemporalUnreachableError('localhost:7233', 'refused')],
  [5, new NamespaceNotFoundError('prod')],
  [5, new SourceUnavailableError('kinesis:orders', 'throttled')],
  [5, new SourceConfigurationError('kinesis:orders', 'no such stream')],
  [5, grpc(14)],
  [5, grpc(16)],
  [4, new SomeFailedError(1, 2, 4)],
])('exit code %i: %s', (code, error) => {
  expect(exitCodeOf(error)).toBe(code);
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
  expect(new NoSuchLaneError('payments', 'orders:x', undefined).message).toMatch(/orders is a pipeline only where/);
  for (const key of ['x', ':x', 'orders:', '1:2', 'a b:c']) {
    expect(new NoSuchLaneError('payments', key, undefined).message).not.toContain('is a pipeline only where');
  }
});
