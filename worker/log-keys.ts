import type { Logger } from 'pino';

/** Fields of lines that name a key, or may hold what a record says. A lane's workflow id ends in its key. */
const FIELDS = ['key', 'position', 'partitionKey', 'cause', 'stack', 'release', 'workflowId', 'lane', 'reason'];

/** A log whose lines do not say which key they are about, for those whose keys are personal data. */
export function withoutKeys(log: Logger): Logger {
  return log.child({}, { redact: { paths: FIELDS, remove: true } });
}
