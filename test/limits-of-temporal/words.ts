/**
 * What Temporal says at its limits, letter by letter; `…` is for a part that varies. The tests here assert each of these,
 * and hold docs/plain-workflow.md to quoting each.
 */
export const WORDS = {
  historySize: 'Workflow history size exceeds limit.',
  historySizeRefused: '3 INVALID_ARGUMENT: Workflow history size exceeds limit.',
  historyCount: 'Workflow history count exceeds limit.',
  signals: '3 INVALID_ARGUMENT: exceeded workflow execution limit for signal events',
  mutableStateSize: 'Workflow mutable state size exceeds limit.',
  bufferedEvents: 'WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND',
  payload: '3 INVALID_ARGUMENT: Blob data size exceeds limit.',
  payloadOfWorker: '[TMPRL1103] Attempted to upload payloads with size that exceeded the error limit.',
  message: '8 RESOURCE_EXHAUSTED: grpc: received message larger than max (… vs. 4194304)',
  updates:
    '9 FAILED_PRECONDITION: The limit on the total number of distinct updates in this workflow has been reached (20). …',
  updatesInFlight: '8 RESOURCE_EXHAUSTED: limit on number of concurrent in-flight updates has been reached (10)',
  closing: '8 RESOURCE_EXHAUSTED: workflow operation can not be applied because workflow is closing',
  retention: '5 NOT_FOUND: workflow execution not found for workflow ID "…" and run ID "…"',
} as const;

/** For `toMatch`: these words and nothing else. */
export function said(words: string): RegExp {
  const parts = words.split('…').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.+')}$`, 's');
}
