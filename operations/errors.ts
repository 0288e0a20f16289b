import { PIPELINE_NAME, type VerbName } from '../contracts/names.ts';
import type { QuarantineVerbName } from '../contracts/quarantine/decision.ts';
import { visibleName } from '../lib/pure/visible.ts';

/** Thrown when a key has no open lane. Nothing was changed. */
export class NoSuchLaneError extends Error {
  override readonly name = 'NoSuchLaneError';
  readonly pipeline: string;
  readonly key: string;

  /** `ended` says when and how the key's lane has ended, where Temporal still knows. */
  constructor(pipeline: string, key: string, ended: string | undefined, options?: ErrorOptions) {
    const why =
      ended ??
      'no event of that key has come yet, or its lane has ended, as a lane does that was idle for a while. A key that ' +
        'is blocked always has one; `keylane blocked` lists them.';
    super(`Pipeline ${pipeline} has no lane for key "${visibleName(key)}": ${why}${prefixHint(key)}`, options);
    this.pipeline = pipeline;
    this.key = key;
  }
}

/** Thrown when a verb would change nothing: the key is in another state, or another record is at its head. */
export class NothingToDecideError extends Error {
  override readonly name = 'NothingToDecideError';
  readonly verb: VerbName;
  readonly pipeline: string;
  readonly key: string;

  constructor(verb: VerbName, pipeline: string, key: string, why: string, options?: ErrorOptions) {
    super(`Nothing to ${verb} for key "${visibleName(key)}" of pipeline ${pipeline}: ${why}`, options);
    this.verb = verb;
    this.pipeline = pipeline;
    this.key = key;
  }
}

/** Thrown when a lane has accepted a verb, and is not done with it in time. It will be carried out; do not repeat it. */
export class DecisionPendingError extends Error {
  override readonly name = 'DecisionPendingError';

  constructor(verb: VerbName, pipeline: string, key: string, options?: ErrorOptions) {
    super(
      `The lane of key "${visibleName(key)}" of pipeline ${pipeline} has accepted the ${verb} and carries it out when the ` +
        'handler that is running has stopped. Look with `keylane show` before asking again.',
      options,
    );
  }
}

/** Thrown when a record is named that is not in the quarantine. */
export class NoSuchRecordError extends Error {
  override readonly name = 'NoSuchRecordError';

  constructor(pipeline: string, position: string) {
    super(
      `${position} is not in the quarantine of pipeline ${pipeline}: it has been decided on, or was never put there. ` +
        '`keylane quarantine list` shows what is there.',
    );
  }
}

/** Thrown when a verb on the quarantine would change nothing. */
export class NothingInQuarantineError extends Error {
  override readonly name = 'NothingInQuarantineError';

  constructor(verb: QuarantineVerbName, pipeline: string, why: string, options?: ErrorOptions) {
    super(`Nothing to ${verb} in the quarantine of pipeline ${pipeline}: ${why}`, options);
  }
}

/** Thrown when the quarantine has accepted a verb, and is not done with it in time. It goes on; do not repeat it. */
export class QuarantinePendingError extends Error {
  override readonly name = 'QuarantinePendingError';

  constructor(verb: QuarantineVerbName, pipeline: string, options?: ErrorOptions) {
    const keys =
      verb === 'skip'
        ? ''
        : ' Keys are found by `keylane bridge` (or start, dev), which has the settings: is it running?';
    super(
      `The quarantine of pipeline ${pipeline} has accepted the ${verb} and carries it out.${keys} Look with ` +
        '`keylane quarantine list` before asking again.',
      options,
    );
  }
}

/** Thrown when what should replace a record's data is no data. Nothing was changed. */
export class InvalidNewDataError extends Error {
  override readonly name = 'InvalidNewDataError';

  constructor(problem: string) {
    super(`It cannot be replaced: ${problem}.`);
  }
}

/** For a name that was meant as pipeline:key. */
function prefixHint(key: string): string {
  const prefix = /^(?<prefix>[^:]+):./.exec(key)?.groups?.['prefix'];
  if (prefix === undefined || !PIPELINE_NAME.test(prefix)) return '';
  return ` (The whole of it was taken for the key; ${prefix} is a pipeline only where the settings have one of that name and --pipeline is not given.)`;
}
