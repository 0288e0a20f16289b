/** Thrown when Temporal is reachable but no worker answered in time. Start one (`keylane worker`) and retry. */
export class NoWorkerError extends Error {
  override readonly name = 'NoWorkerError';
  readonly workflowId: string;
  readonly taskQueue: string | undefined;

  constructor(workflowId: string, taskQueue: string | undefined, hint: string, options?: ErrorOptions) {
    const queue = taskQueue === undefined ? 'its task queue' : `task queue ${taskQueue}`;
    super(
      `No worker answers for ${workflowId} on ${queue}: is \`keylane worker\` (or start, dev) running? ${hint}`,
      options,
    );
    this.workflowId = workflowId;
    this.taskQueue = taskQueue;
  }
}

/** Thrown when the namespace lacks Keylane's search attributes, so that nothing can be listed. */
export class MissingSearchAttributesError extends Error {
  override readonly name = 'MissingSearchAttributesError';

  constructor(namespace: string, reason: string, options?: ErrorOptions) {
    super(
      `Namespace ${namespace} cannot list lanes (${reason}): it lacks Keylane's search attributes. They are registered ` +
        'when `keylane start` or `keylane bridge` starts; on Temporal Cloud they are created by hand.',
      options,
    );
  }
}
