/** Thrown when this process got a task of a pipeline that its settings do not have. Another process may have it. */
export class UnknownPipelineError extends Error {
  override readonly name = 'UnknownPipelineError';
  readonly pipeline: string;

  constructor(pipeline: string, known: readonly string[], file: string) {
    super(
      `There is no pipeline "${pipeline}" in ${file}, only ${known.join(', ')}. Processes with different settings need ` +
        'different task queues (temporal.taskQueue).',
    );
    this.pipeline = pipeline;
  }
}

/** Looks up a pipeline's value, or throws {@link UnknownPipelineError}. */
export function ofPipeline<Value>(values: ReadonlyMap<string, Value>, file: string): (name: string) => Value {
  return (name) => {
    const value = values.get(name);
    if (value === undefined) throw new UnknownPipelineError(name, [...values.keys()], file);
    return value;
  };
}
