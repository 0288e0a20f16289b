/** One thing that is wrong with the settings. */
export interface SettingsProblem {
  /** Where, as in `pipelines.orders.retry.maxAttempts`; empty for the file as a whole. */
  readonly path: string;
  /** What is there, written out and cut. Absent where nothing is, or where the value says nothing. */
  readonly value?: string;
  /** What is allowed there, or what to do. */
  readonly message: string;
}

/**
 * Thrown when the settings cannot be used. Nothing was started. Trying again is useless until a person has changed the
 * settings; all problems that were found are listed, so that one round of changes is enough.
 */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  /** Absolute path of the settings file, or of the folder in which none was found. */
  readonly file: string;
  readonly problems: readonly SettingsProblem[];

  /** @param subject what of the settings cannot be used */
  constructor(file: string, problems: readonly SettingsProblem[], options?: ErrorOptions, subject = 'settings') {
    super(
      [`The ${subject} cannot be used: ${file}`, ...problems.map((problem) => `  ${line(problem)}`)].join('\n'),
      options,
    );
    this.file = file;
    this.problems = problems;
  }
}

function line({ path, value, message }: SettingsProblem): string {
  const subject = [path, value].filter((part) => part !== undefined && part !== '').join(' = ');
  return subject === '' ? message : `${subject}: ${message}`;
}
