import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { NoSuchPipelineError, UsageError } from '../../../cli/errors.ts';
import { keyName, resolveKey } from '../../../cli/key-name.ts';

test.each([
  ['order-42', ['orders'], undefined, 'orders', 'order-42'],
  ['orders:order-42', ['orders'], undefined, 'orders', 'order-42'],
  ['eu:42', ['orders'], undefined, 'orders', 'eu:42'],
  ['orders:orders:42', ['orders'], undefined, 'orders', 'orders:42'],
  ['users:eu:7', ['orders', 'users'], undefined, 'users', 'eu:7'],
  ['users:7', ['orders', 'users'], 'orders', 'orders', 'users:7'],
])('%s with %j and --pipeline %s is key %s / %s', (typed, pipelines, chosen, pipeline, key) => {
  expect(resolveKey(typed, pipelines, chosen)).toEqual({ pipeline, key });
});

test('which pipeline is meant must be said when there are several', () => {
  expect(() => resolveKey('order-42', ['orders', 'users'], undefined)).toThrow(UsageError);
  expect(() => resolveKey('order-42', ['orders', 'users'], undefined)).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: Which pipeline is key "order-42" of? Write pipeline:key, or --pipeline NAME; there is orders, users.]`,
  );
});

test('a pipeline that is not there is told', () => {
  expect(() => resolveKey('carts:1', ['orders', 'users'], undefined)).toThrow(NoSuchPipelineError);
  expect(() => resolveKey('1', ['orders'], 'carts')).toThrow(NoSuchPipelineError);
});

test('an empty key is refused', () => {
  expect(() => resolveKey('orders:', ['orders'], undefined)).toThrow(UsageError);
  expect(() => resolveKey('', ['orders'], undefined)).toThrow(UsageError);
});

test('what is printed as the name of a key can be typed back, whatever the key', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z][\w-]{0,5}$/), { minLength: 1, maxLength: 3 });
  const key = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.tuple(names, fc.string()).map(([[n], s]) => `${n}:${s}`),
  );
  fc.assert(
    fc.property(names, fc.nat(), key, (pipelines, index, text) => {
      const named = { pipeline: pipelines[index % pipelines.length]!, key: text };
      expect(resolveKey(keyName(named, pipelines), pipelines, undefined)).toEqual(named);
    }),
  );
});
