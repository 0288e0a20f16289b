import { expect, test } from 'vitest';
import { SharedCall } from '../../../../sources/aws/shared-call.ts';

const never = new AbortController().signal;

/** A call that the test answers. */
function setUp() {
  const calls: { readonly signal: AbortSignal; readonly answer: (n: number) => void; readonly fail: () => void }[] = [];
  const shared = new SharedCall(
    (signal) =>
      new Promise<number>((resolve, reject) => {
        calls.push({ signal, answer: resolve, fail: () => reject(new Error('throttled')) });
      }),
  );
  return { calls, shared };
}

test('whoever asks while it is under way gets its answer; the next one asks anew', async () => {
  const { calls, shared } = setUp();
  const both = Promise.all([shared.get(never), shared.get(never)]);
  calls[0]?.answer(1);
  expect(await both).toEqual([1, 1]);
  const next = shared.get(never);
  calls[1]?.answer(2);
  expect(await next).toBe(2);
  expect(calls).toHaveLength(2);
});

test('a failure is everybody’s, and not the next one’s', async () => {
  const { calls, shared } = setUp();
  const both = Promise.allSettled([shared.get(never), shared.get(never)]);
  calls[0]?.fail();
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const next = shared.get(never);
  calls[1]?.answer(2);
  expect(await next).toBe(2);
});

test('one who gives up takes nothing from the others; when all have, the call is given up', async () => {
  const { calls, shared } = setUp();
  const [one, two] = [new AbortController(), new AbortController()];
  const asked = [shared.get(one.signal), shared.get(two.signal)];
  one.abort(new Error('home'));
  await expect(asked[0]).rejects.toThrow('home');
  expect(calls[0]?.signal.aborted).toBe(false);
  two.abort(new Error('home'));
  await expect(asked[1]).rejects.toThrow('home');
  expect(calls[0]?.signal.aborted).toBe(true);
  const next = shared.get(never);
  calls[1]?.answer(2);
  expect(await next).toBe(2);
});
