/** One thing that is wrong with the settings. */
export interface SettingsProblem {
  /** Where, as in `pipelines.orders.retry.maxAttempts`; empty for the file as a whole. */
  readonly path: string;
  /** The value, formatted and truncated. Absent when there is none, or when it does not help. */
  readonly value?: string;
  /** What is allowed there, or what to do. */
  readonly message: string;
}

/**
 * Thrown when the settings cannot be used. Nothing was started. Retrying is pointless until the settings are changed;
 * all problems are listed, so that one round of changes is enough.
 */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  /** Absolute path of the settings file, or of the folder in which none was found. */
  readonly file: string;
  readonly problems: readonly SettingsProblem[];

  /** @param subject which part of the settings cannot be used */
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
