import { NamespaceNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { OperationError, type OperationErrorCode } from '../operations/errors.ts';
import { TemporalEnvironmentError } from '../settings/environment.ts';
import { SettingsError } from '../settings/errors.ts';
import { SourceError } from '../sources/errors.ts';
import { StoreError } from '../stores/errors.ts';
import { TemporalUnreachableError } from '../temporal/connection.ts';
import { MissingSearchAttributesError, NoWorkerError } from '../temporal/errors.ts';
import { GRPC, grpcFailure } from '../temporal/grpc.ts';
import { VersioningUnavailableError } from '../temporal/versioning-support.ts';
import { CheckpointsLostError, OtherHostingError, OtherSourceError } from '../worker/pipelines.ts';
import { UnorderedStreamError } from '../worker/stream-check.ts';
import {
  DevServerStartError,
  SearchAttributesError,
  TemporalServerUnavailableError,
} from '../worker/temporal-server/errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** Thrown when the command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Thrown when the operator did not confirm. Nothing was changed. */
export class NotConfirmedError extends Error {
  override readonly name = 'NotConfirmedError';

  constructor() {
    super('Nothing was changed.');
  }
}

/** Thrown when a record was decided on and has failed again since; the output has said which. */
export class FailedAgainError extends Error {
  override readonly name = 'FailedAgainError';

  constructor(failed: number, all: number) {
    super(all === 1 ? 'The record has failed again.' : `${failed} of ${all} records have failed again.`);
  }
}

/** Thrown when some of several keys or records remain unresolved; the output has said which. */
export class SomeFailedError extends Error {
  override readonly name = 'SomeFailedError';
  readonly exitCode: ExitCode;

  constructor(failed: number, all: number, exitCode: ExitCode, what = 'keys') {
    super(`${failed} of ${all} ${what} were not resolved.`);
    this.exitCode = exitCode;
  }
}

/** What `--json` prints as `error.code`, and the exit code that goes with it. Neither ever changes. */
const EXIT_CODES = {
  usage: EXIT.usage,
  'invalid-settings': EXIT.usage,
  'invalid-new-data': EXIT.usage,
  'versioning-unavailable': EXIT.usage,
  'other-source': EXIT.usage,
  'other-hosting': EXIT.failed,
  'unordered-stream': EXIT.usage,
  'search-attributes-mismatch': EXIT.usage,
  'search-attributes-missing': EXIT.failed,
  'checkpoints-lost': EXIT.failed,
  'pipeline-not-found': EXIT.notFound,
  'lane-not-found': EXIT.notFound,
  'record-not-found': EXIT.nothingToDo,
  'nothing-to-do': EXIT.nothingToDo,
  'no-worker': EXIT.unreachable,
  'namespace-not-found': EXIT.unreachable,
  'temporal-unreachable': EXIT.unreachable,
  'temporal-server-unavailable': EXIT.unreachable,
  'source-unavailable': EXIT.unreachable,
  'store-unavailable': EXIT.failed,
  'quarantine-busy': EXIT.failed,
  'decision-failed': EXIT.failed,
  'decision-pending': EXIT.failed,
  'not-confirmed': EXIT.failed,
  'partly-resolved': EXIT.failed,
  'failed-again': EXIT.failed,
  failed: EXIT.failed,
} as const satisfies Record<OperationErrorCode, ExitCode> & Record<string, ExitCode>;

export type ErrorCode = keyof typeof EXIT_CODES;

export const ERROR_CODES = Object.keys(EXIT_CODES) as readonly ErrorCode[];

type ErrorClass = abstract new (...args: never[]) => Error;

/** Errors of other folders, by class. Those of operations/ have their codes themselves. */
const CODES: readonly (readonly [ErrorClass, ErrorCode])[] = [
  [UsageError, 'usage'],
  [NotConfirmedError, 'not-confirmed'],
  [FailedAgainError, 'failed-again'],
  [SomeFailedError, 'partly-resolved'],
  [SettingsError, 'invalid-settings'],
  [TemporalEnvironmentError, 'invalid-settings'],
  [VersioningUnavailableError, 'versioning-unavailable'],
  [OtherSourceError, 'other-source'],
  [CheckpointsLostError, 'checkpoints-lost'],
  [OtherHostingError, 'other-hosting'],
  [SearchAttributesError, 'search-attributes-mismatch'],
  [MissingSearchAttributesError, 'search-attributes-missing'],
  [UnorderedStreamError, 'unordered-stream'],
  [NoWorkerError, 'no-worker'],
  [TemporalUnreachableError, 'temporal-unreachable'],
  [NamespaceNotFoundError, 'namespace-not-found'],
  [TemporalServerUnavailableError, 'temporal-server-unavailable'],
  [DevServerStartError, 'temporal-server-unavailable'],
  [SourceError, 'source-unavailable'],
  [StoreError, 'store-unavailable'],
];

const UNREACHABLE: ReadonlySet<number> = new Set([
  GRPC.unavailable,
  GRPC.deadlineExceeded,
  GRPC.cancelled,
  GRPC.unauthenticated,
  GRPC.permissionDenied,
]);

/** The code of an error; `failed` for one that was not foreseen. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof OperationError) return error.code;
  if (error instanceof CommanderError) return 'usage';
  const known = CODES.find(([errorClass]) => error instanceof errorClass);
  if (known !== undefined) return known[1];
  const failure = grpcFailure(error);
  return failure !== undefined && UNREACHABLE.has(failure.code) ? 'temporal-unreachable' : 'failed';
}

/** The one place that decides which error ends with which exit code. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof SomeFailedError) return error.exitCode;
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  return EXIT_CODES[codeOf(error)];
}

/** What the operator reads. An error that was not foreseen comes with its stack. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof CommanderError) return error.message.replace(/^error: /, '');
  if (error instanceof NamespaceNotFoundError) {
    return `Temporal has no namespace ${JSON.stringify(error.namespace)}: create it (temporal operator namespace create), or correct --namespace, temporal.namespace or TEMPORAL_NAMESPACE.`;
  }
  const failure = grpcFailure(error);
  if (failure !== undefined && failure.details !== error.message) return `${error.message}: ${failure.details}`;
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isBug ? (error.stack ?? error.message) : error.message;
}
