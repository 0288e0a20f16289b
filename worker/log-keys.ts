import type { Logger } from 'pino';

/**
 * Fields of log lines that contain a key, or may contain a record's content. A lane's workflow id ends with its key.
 */
const FIELDS = ['key', 'position', 'partitionKey', 'cause', 'stack', 'release', 'workflowId', 'lane', 'reason'];

/** A log without keys, for users whose keys are personal data. */
export function withoutKeys(log: Logger): Logger {
  return log.child({}, { redact: { paths: FIELDS, remove: true } });
}
