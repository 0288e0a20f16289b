import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readingTaskQueue } from '../../../contracts/names.ts';
import { configSchema } from '../../../settings/schema.ts';

const accepts = (taskQueue: string): boolean =>
  configSchema.safeParse({
    temporal: { taskQueue },
    pipelines: { orders: { source: { kind: 'kinesis', stream: 'orders' }, handler: './h.ts' } },
  }).success;

test('no two task queues that are accepted share a queue, whatever their names (fault C5)', () => {
  const name = fc.oneof(
    fc.constantFrom('orders', 'orders-bridge', 'orders-bridge-bridge', 'bridge', '-bridge', 'keylane'),
    fc.stringMatching(/^[\w-]{1,20}(-bridge){0,2}$/),
  );
  fc.assert(
    fc.property(name, name, (one, other) => {
      fc.pre(one !== other && accepts(one) && accepts(other));
      const queues = [one, readingTaskQueue(one), other, readingTaskQueue(other)];
      expect(new Set(queues).size).toBe(4);
    }),
    { examples: [['orders', 'orders-bridge']] },
  );
});

test('a task queue that reading would use is refused with the reason (fault C5)', () => {
  expect(accepts('orders')).toBe(true);
  expect(accepts('bridge')).toBe(true);
  expect(accepts('orders-bridge')).toBe(false);
});
