/** Maps the inputs, in their order, with at most `max` calls in flight. */
export async function mapBounded<In, Out>(
  inputs: readonly In[],
  max: number,
  run: (input: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next; index < inputs.length; index = next) {
      next += 1;
      results[index] = await run(inputs[index] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(max, inputs.length) }, worker));
  return results;
}
