import { NamespaceNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { SourceError } from '../sources/errors.ts';
import { OtherSourceError } from '../worker/pipelines.ts';
import { SettingsError } from '../settings/errors.ts';
import {
  DevServerStartError,
  SearchAttributesError,
  TemporalServerUnavailableError,
} from '../worker/temporal-server/errors.ts';
import { UnorderedStreamError } from '../worker/stream-check.ts';
import { TemporalUnreachableError } from '../temporal/connection.ts';
import { TemporalEnvironmentError } from '../settings/environment.ts';
import { VersioningUnavailableError } from '../temporal/versioning-support.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import {
  InvalidNewDataError,
  NoSuchLaneError,
  NoSuchRecordError,
  NothingInQuarantineError,
  NothingToDecideError,
} from '../operations/errors.ts';
import { NoWorkerError } from '../temporal/errors.ts';
import { GRPC, grpcFailure } from '../temporal/grpc.ts';

/** Thrown when what was typed cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Thrown when a pipeline is named that the settings do not have. */
export class NoSuchPipelineError extends Error {
  override readonly name = 'NoSuchPipelineError';

  constructor(pipeline: string, known: readonly string[], where = 'the settings') {
    super(`There is no pipeline ${JSON.stringify(pipeline)} in ${where}; there is ${known.join(', ')}.`);
  }
}

/** Thrown when a record was decided on and has failed again since; it has been told which. */
export class FailedAgainError extends Error {
  override readonly name = 'FailedAgainError';

  constructor(failed: number, all: number) {
    super(all === 1 ? 'The record has failed again.' : `${failed} of ${all} records have failed again.`);
  }
}

/** Thrown when some of several keys or records could not be decided on; it has been told which. */
export class SomeFailedError extends Error {
  override readonly name = 'SomeFailedError';
  readonly exitCode: ExitCode;

  constructor(failed: number, all: number, exitCode: ExitCode, what = 'keys') {
    super(`${failed} of ${all} ${what} were not decided on.`);
    this.exitCode = exitCode;
  }
}

type ErrorClass = abstract new (...args: never[]) => Error;

const CODES: readonly (readonly [ErrorClass, ExitCode])[] = [
  [UsageError, EXIT.usage],
  [InvalidNewDataError, EXIT.usage],
  [SettingsError, EXIT.usage],
  [TemporalEnvironmentError, EXIT.usage],
  [VersioningUnavailableError, EXIT.usage],
  [OtherSourceError, EXIT.usage],
  [SearchAttributesError, EXIT.usage],
  [UnorderedStreamError, EXIT.usage],
  [NoSuchPipelineError, EXIT.notFound],
  [NoSuchLaneError, EXIT.notFound],
  [NothingToDecideError, EXIT.nothingToDecide],
  [NoSuchRecordError, EXIT.nothingToDecide],
  [NothingInQuarantineError, EXIT.nothingToDecide],
  [NoWorkerError, EXIT.unreachable],
  [TemporalUnreachableError, EXIT.unreachable],
  [NamespaceNotFoundError, EXIT.unreachable],
  [TemporalServerUnavailableError, EXIT.unreachable],
  [DevServerStartError, EXIT.unreachable],
  [SourceError, EXIT.unreachable],
];

const UNREACHABLE: ReadonlySet<number> = new Set([
  GRPC.unavailable,
  GRPC.deadlineExceeded,
  GRPC.cancelled,
  GRPC.unauthenticated,
  GRPC.permissionDenied,
]);

/** The one place that decides which error ends with which code. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof SomeFailedError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const known = CODES.find(([errorClass]) => error instanceof errorClass);
  if (known !== undefined) return known[1];
  const failure = grpcFailure(error);
  return failure !== undefined && UNREACHABLE.has(failure.code) ? EXIT.unreachable : EXIT.failed;
}

/** What the person reads. An error that nobody has foreseen comes with its stack. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof NamespaceNotFoundError) {
    return `Temporal has no namespace ${JSON.stringify(error.namespace)}: create it (temporal operator namespace create), or correct --namespace, temporal.namespace or TEMPORAL_NAMESPACE.`;
  }
  const failure = grpcFailure(error);
  if (failure !== undefined && failure.details !== error.message) return `${error.message}: ${failure.details}`;
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isBug ? (error.stack ?? error.message) : error.message;
}
