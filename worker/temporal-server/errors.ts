/** A failed attempt to find or install a `temporal` binary. */
export interface FailedAttempt {
  /** What was tried, as in `a temporal on the PATH`. */
  readonly way: string;
  readonly reason: string;
}

/** Thrown when no Temporal dev server can be found or installed. The message lists remedies. */
export class TemporalServerUnavailableError extends Error {
  override readonly name = 'TemporalServerUnavailableError';
  readonly attempts: readonly FailedAttempt[];

  constructor(attempts: readonly FailedAttempt[]) {
    const tried = attempts.map(({ way, reason }) => `  - ${way}: ${reason.trim().replaceAll('\n', '\n      ')}`);
    const message = [
      'No Temporal server: no address is set, and no dev server could be found or installed:',
      ...tried,
      'Do one of these:',
      '  - set temporal.address in the settings, or TEMPORAL_ADDRESS, to a running server',
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
      `The database ${database} is in use by ${holder}. Two Temporal servers on one database would corrupt it: ` +
        'stop the other one, or use another database.',
    );
    this.database = database;
  }
}

/** Thrown when a namespace cannot have the search attributes that Keylane writes. The namespace must be changed. */
export class SearchAttributesError extends Error {
  override readonly name = 'SearchAttributesError';
  /** The attributes that are wrong or missing. */
  readonly attributes: readonly string[];

  constructor(message: readonly string[], attributes: readonly string[]) {
    super(message.join('\n'));
    this.attributes = attributes;
  }

  /** Attributes of these names exist with other types. */
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
        `Namespace ${namespace} has search attributes of Keylane's names with other types, and would reject what Keylane writes:`,
        ...wrong.map(({ name, type, has }) => `  ${name} is ${has}, must be ${type}`),
        'If nothing else uses them, replace them; otherwise use another namespace:',
        ...commands,
      ],
      wrong.map(({ name }) => name),
    );
  }

  /** The server does not let this process register these. */
  static refused(
    namespace: string,
    refused: readonly (readonly [name: string, type: string])[],
    reason: string,
  ): SearchAttributesError {
    return new SearchAttributesError(
      [
        `Namespace ${namespace} lacks search attributes that Keylane writes, and does not let this process register them (${reason}):`,
        ...refused.map(([name, type]) => `  ${name} (${type})`),
        'If the namespace has too many search attributes, remove unused ones; then register these with an identity that has the permission:',
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
