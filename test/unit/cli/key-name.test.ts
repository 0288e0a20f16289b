import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import { keyName, resolveKey as resolve } from '../../../cli/key-name.ts';
import { NoSuchPipelineError } from '../../../operations/errors.ts';

async function resolveKey(
  typed: string,
  pipelines: readonly string[],
  chosen: string | undefined,
  isInTemporal: (pipeline: string) => Promise<boolean>,
) {
  const has = async (name: string) => pipelines.includes(name) || (await isInTemporal(name));
  return await resolve(typed, { has, names: () => Promise.resolve(pipelines), where: 'in Temporal' }, chosen);
}

test.each([
  ['order-42', ['orders'], undefined, 'orders', 'order-42'],
  ['orders:order-42', ['orders'], undefined, 'orders', 'order-42'],
  ['eu:42', ['orders'], undefined, 'orders', 'eu:42'],
  ['orders:orders:42', ['orders'], undefined, 'orders', 'orders:42'],
  ['users:eu:7', ['orders', 'users'], undefined, 'users', 'eu:7'],
  ['users:7', ['orders', 'users'], 'orders', 'orders', 'users:7'],
])('%s with %j and --pipeline %s is key %s / %s', async (typed, pipelines, chosen, pipeline, key) => {
  expect(await resolveKey(typed, pipelines, chosen, none)).toEqual({ pipeline, key });
});

test('a pipeline that Temporal knows can be meant, whatever the settings have (fault G8)', async () => {
  const isOther = (pipeline: string) => Promise.resolve(pipeline === 'gone');
  expect(await resolveKey('gone:7', ['orders'], undefined, isOther)).toEqual({ pipeline: 'gone', key: '7' });
  expect(await resolveKey('eu:7', ['orders'], undefined, isOther)).toEqual({ pipeline: 'orders', key: 'eu:7' });
  expect(keyName({ pipeline: 'gone', key: '7' }, ['orders'])).toBe('gone:7');
});

test('which pipeline is meant must be said when there are several', async () => {
  const resolved = resolveKey('order-42', ['orders', 'users'], undefined, none);
  await expect(resolved).rejects.toThrow(UsageError);
  await expect(resolved).rejects.toThrowErrorMatchingInlineSnapshot(
    `[UsageError: Which pipeline is key "order-42" of? Write pipeline:key, or pass --pipeline NAME (known: orders, users).]`,
  );
});

test('a pipeline that is not there is told', async () => {
  await expect(resolveKey('carts:1', ['orders', 'users'], undefined, none)).rejects.toThrow(NoSuchPipelineError);
});

test('without pipelines a bare key belongs to none', async () => {
  await expect(resolveKey('order-42', [], undefined, none)).rejects.toThrow('(none was found)');
  expect(keyName({ pipeline: 'orders', key: '42' }, [])).toBe('orders:42');
});

test('an empty key is refused', async () => {
  await expect(resolveKey('orders:', ['orders'], undefined, none)).rejects.toThrow(UsageError);
  await expect(resolveKey('', ['orders'], undefined, none)).rejects.toThrow(UsageError);
});

test('what is printed as the name of a key can be typed back, whatever the key and what Temporal knows', async () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z][\w-]{0,5}$/), { minLength: 1, maxLength: 3 });
  const key = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.tuple(names, fc.string()).map(([[n], s]) => `${n}:${s}`),
  );
  await fc.assert(
    fc.asyncProperty(names, names, fc.nat(), key, async (pipelines, others, index, text) => {
      const all = [...pipelines, ...others];
      const named = { pipeline: all[index % all.length]!, key: text };
      const isOther = (name: string) => Promise.resolve(others.includes(name) || text.startsWith(`${name}:`));
      expect(await resolveKey(keyName(named, pipelines), pipelines, undefined, isOther)).toEqual(named);
    }),
  );
});

async function none(): Promise<boolean> {
  return await Promise.resolve(false);
}
