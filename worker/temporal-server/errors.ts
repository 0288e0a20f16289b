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
