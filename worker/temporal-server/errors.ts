/** One way to a `temporal` binary that was tried in vain. */
export interface FailedAttempt {
  /** What was tried, as in `a temporal on the PATH`. */
  readonly way: string;
  readonly reason: string;
}

/** Thrown when no way leads to a Temporal dev server on this machine. Do one of what the message names. */
export class TemporalServerUnavailableError extends Error {
  override readonly name = 'TemporalServerUnavailableError';
  readonly attempts: readonly FailedAttempt[];

  constructor(attempts: readonly FailedAttempt[]) {
    const tried = attempts.map(({ way, reason }) => `  - ${way}: ${reason.trim().replaceAll('\n', '\n      ')}`);
    const message = [
      'No Temporal server: no address is set, and a dev server could not be had in any way:',
      ...tried,
      'Do one of these:',
      '  - set temporal.address in the settings, or TEMPORAL_ADDRESS, to a server that runs already',
      '  - install the temporal CLI, so that `temporal` is on the PATH: https://docs.temporal.io/cli',
      '  - install Go 1.26.4 or newer, so that Keylane can build one',
    ];
    super(message.join('\n'));
    this.attempts = attempts;
  }
}

/** Thrown when the dev server ended, or did not become healthy, before it could be used. Its last output says why. */
export class DevServerStartError extends Error {
  override readonly name = 'DevServerStartError';
  /** The last lines that the server wrote. */
  readonly output: string;

  constructor(what: string, output: string) {
    super(`The Temporal server ${what}. Its last output:\n${output === '' ? '(none)' : output}`);
    this.output = output;
  }
}

/** Thrown when another server has the database open. Stop that one, or name another database. */
export class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError';
  readonly database: string;

  constructor(database: string, holder: string) {
    super(
      `The database ${database} is in use by ${holder}. Two Temporal servers on one database would spoil it: ` +
        'stop the other one, or use another database.',
    );
    this.database = database;
  }
}

/** Thrown when a namespace cannot have the search attributes that Keylane writes. A person must change the namespace. */
export class SearchAttributesError extends Error {
  override readonly name = 'SearchAttributesError';
  /** Those that are wrong or missing. */
  readonly attributes: readonly string[];

  constructor(message: readonly string[], attributes: readonly string[]) {
    super(message.join('\n'));
    this.attributes = attributes;
  }

  /** Attributes of these names are there for something else. */
  static wrongTypes(
    namespace: string,
    wrong: readonly { readonly name: string; readonly type: string; readonly has: string }[],
  ): SearchAttributesError {
    const commands = wrong.flatMap(({ name, type }) => [
      `  ${OPERATOR} remove --namespace ${shellWord(namespace)} --name ${name}`,
      `  ${create(namespace, name, type)}`,
    ]);
    return new SearchAttributesError(
      [
        `Namespace ${namespace} has search attributes of Keylane's names with other types, and would refuse what Keylane writes:`,
        ...wrong.map(({ name, type, has }) => `  ${name} is ${has}, must be ${type}`),
        'If nothing else uses them, replace them; otherwise use another namespace:',
        ...commands,
      ],
      wrong.map(({ name }) => name),
    );
  }

  /** The server does not register these. */
  static refused(
    namespace: string,
    refused: readonly (readonly [name: string, type: string])[],
    reason: string,
  ): SearchAttributesError {
    return new SearchAttributesError(
      [
        `Namespace ${namespace} lacks search attributes that Keylane writes, and does not let this process register them (${reason}):`,
        ...refused.map(([name, type]) => `  ${name} (${type})`),
        'If there is no room for them, remove some that nothing uses; then register them with the right to do so:',
        `  ${OPERATOR} list --namespace ${shellWord(namespace)}`,
        ...refused.map(([name, type]) => `  ${create(namespace, name, type)}`),
      ],
      refused.map(([name]) => name),
    );
  }
}

const OPERATOR = 'temporal operator search-attribute';

function create(namespace: string, name: string, type: string): string {
  return `${OPERATOR} create --namespace ${shellWord(namespace)} --name ${name} --type ${type}`;
}

function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
