/**
 * Thrown when a source cannot answer. The class says what happens next.
 */
export abstract class SourceError extends Error {
  /** The stream, as in `kinesis:orders`. */
  readonly source: string;

  constructor(source: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.source = source;
  }
}

/** Thrown when the same call may succeed later: throttled, timed out, an internal error, no connection. Retry. */
export class SourceUnavailableError extends SourceError {
  override readonly name = 'SourceUnavailableError';
}

/** Thrown when a call cannot succeed until the configuration is changed: no such stream, no access. */
export class SourceConfigurationError extends SourceError {
  override readonly name = 'SourceConfigurationError';
}
