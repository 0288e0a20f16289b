/**
 * What an operation cannot do. Each class has a code that never changes, for those who have to tell the cases apart: the
 * command line has an exit code for each, and `--json` prints the code. docs/cli.md lists them.
 */
import { PIPELINE_NAME, type VerbName } from '../contracts/names.ts';
import type { QuarantineVerbName } from '../contracts/quarantine/decision.ts';
import type { Rejection } from '../contracts/rejection.ts';
import { visibleName } from '../lib/pure/visible.ts';

export const OPERATION_ERROR_CODES = [
  'pipeline-not-found',
  'lane-not-found',
  'record-not-found',
  'nothing-to-do',
  'decision-failed',
  'decision-pending',
  'quarantine-busy',
  'invalid-new-data',
] as const;

export type OperationErrorCode = (typeof OPERATION_ERROR_CODES)[number];

/** An error of this folder. Its own fields are what the message names; none of them holds data of a record. */
export abstract class OperationError extends Error {
  abstract readonly code: OperationErrorCode;
}

/** Thrown when Temporal has nothing of a pipeline of this name. */
export class NoSuchPipelineError extends OperationError {
  override readonly name = 'NoSuchPipelineError';
  readonly code = 'pipeline-not-found';
  readonly pipeline: string;

  /** @param known pipelines that could have been meant */
  constructor(pipeline: string, known: readonly string[], where: string) {
    const others = known.length === 0 ? 'No pipeline is known.' : `Known: ${known.join(', ')}.`;
    super(`There is no pipeline ${JSON.stringify(pipeline)} ${where}. ${others}`);
    this.pipeline = pipeline;
  }
}

/** Thrown when a key has no open lane. Nothing was changed. */
export class NoSuchLaneError extends OperationError {
  override readonly name = 'NoSuchLaneError';
  readonly code = 'lane-not-found';
  readonly pipeline: string;
  readonly key: string;

  /** @param closed when and how the key's lane was closed, where Temporal still knows */
  constructor(pipeline: string, key: string, closed: string | undefined, options?: ErrorOptions) {
    const why =
      closed ??
      'the key has had no event yet, or its lane was idle and has been closed. A blocked key always has a lane; ' +
        '`keylane blocked` lists them.';
    super(`Pipeline ${pipeline} has no lane for key "${visibleName(key)}": ${why}${prefixHint(key)}`, options);
    this.pipeline = pipeline;
    this.key = key;
  }
}

/** Thrown when a record is named that is not in the quarantine. */
export class NoSuchRecordError extends OperationError {
  override readonly name = 'NoSuchRecordError';
  readonly code = 'record-not-found';
  readonly pipeline: string;
  readonly position: string;

  constructor(pipeline: string, position: string) {
    super(
      `${position} is not in the quarantine of pipeline ${pipeline}: it has been resolved, or was never quarantined. ` +
        '`keylane quarantine list` shows what is there.',
    );
    this.pipeline = pipeline;
    this.position = position;
  }
}

/** Thrown when a verb would change nothing: the key is in another state, or another record is current. */
export class NothingToDecideError extends OperationError {
  override readonly name = 'NothingToDecideError';
  readonly code = 'nothing-to-do';
  readonly verb: VerbName;
  readonly pipeline: string;
  readonly key: string;
  readonly rejection: Rejection;

  constructor(verb: VerbName, pipeline: string, key: string, rejection: Rejection, options?: ErrorOptions) {
    super(`Cannot ${verb} key "${visibleName(key)}" of pipeline ${pipeline}: ${rejection.why}`, options);
    this.verb = verb;
    this.pipeline = pipeline;
    this.key = key;
    this.rejection = rejection;
  }
}

/** Thrown when a verb on the quarantine would change nothing. */
export class NothingInQuarantineError extends OperationError {
  override readonly name = 'NothingInQuarantineError';
  readonly code = 'nothing-to-do';
  readonly verb: QuarantineVerbName;
  readonly pipeline: string;
  readonly rejection: Rejection;

  constructor(verb: QuarantineVerbName, pipeline: string, rejection: Rejection, options?: ErrorOptions) {
    super(`Cannot ${verb} records in the quarantine of pipeline ${pipeline}: ${rejection.why}`, options);
    this.verb = verb;
    this.pipeline = pipeline;
    this.rejection = rejection;
  }
}

/** Thrown when a verb has failed for another reason than a rejection. `cause` has the failure. */
export class DecisionFailedError extends OperationError {
  override readonly name = 'DecisionFailedError';
  readonly code = 'decision-failed';
  readonly verb: VerbName;
  readonly pipeline: string;
  readonly key: string;

  constructor(verb: VerbName, pipeline: string, key: string, why: string, options: ErrorOptions) {
    super(`The ${verb} of key "${visibleName(key)}" of pipeline ${pipeline} failed: ${why}`, options);
    this.verb = verb;
    this.pipeline = pipeline;
    this.key = key;
  }
}

/** Thrown when a verb was accepted and is still in progress. It will be carried out; do not repeat it. */
export class DecisionPendingError extends OperationError {
  override readonly name = 'DecisionPendingError';
  readonly code = 'decision-pending';
  readonly verb: VerbName;
  readonly pipeline: string;
  readonly key: string;

  constructor(verb: VerbName, pipeline: string, key: string, options?: ErrorOptions) {
    super(
      `The lane of key "${visibleName(key)}" of pipeline ${pipeline} has accepted the ${verb} and will carry it out when the ` +
        'running handler has stopped. Check with `keylane show` before trying again.',
      options,
    );
    this.verb = verb;
    this.pipeline = pipeline;
    this.key = key;
  }
}

/** Thrown when the quarantine has accepted a verb that is still in progress. It continues; do not repeat it. */
export class QuarantinePendingError extends OperationError {
  override readonly name = 'QuarantinePendingError';
  readonly code = 'decision-pending';
  readonly verb: QuarantineVerbName;
  readonly pipeline: string;

  constructor(verb: QuarantineVerbName, pipeline: string, options?: ErrorOptions) {
    const keys =
      verb === 'skip'
        ? ''
        : ' Only a process with the settings can find keys: is `keylane bridge` (or start, dev) running?';
    super(
      `The quarantine of pipeline ${pipeline} has accepted the ${verb} and is carrying it out.${keys} Check with ` +
        '`keylane quarantine list` before trying again.',
      options,
    );
    this.verb = verb;
    this.pipeline = pipeline;
  }
}

/** Thrown when records are arriving in the quarantine too fast to find one of them. Try again. */
export class QuarantineBusyError extends OperationError {
  override readonly name = 'QuarantineBusyError';
  readonly code = 'quarantine-busy';
  readonly pipeline: string;

  constructor(pipeline: string) {
    super(`The quarantine of pipeline ${pipeline} is receiving many records: try again in a moment.`);
    this.pipeline = pipeline;
  }
}

/** Thrown when what should replace a record's data cannot be used. Nothing was changed. */
export class InvalidNewDataError extends OperationError {
  override readonly name = 'InvalidNewDataError';
  readonly code = 'invalid-new-data';

  constructor(problem: string) {
    super(`The record cannot be replaced: ${problem}.`);
  }
}

/** For a name that was meant as pipeline:key. */
function prefixHint(key: string): string {
  const prefix = /^(?<prefix>[^:]+):./.exec(key)?.groups?.['prefix'];
  if (prefix === undefined || !PIPELINE_NAME.test(prefix)) return '';
  return ` (The whole name was read as the key. "${prefix}:" names a pipeline only if there is one of that name and --pipeline is not given.)`;
}
