import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatSize, sizeBytes } from '../../../contracts/public/size.ts';
import { loadSettings } from '../../../settings/load.ts';
import { folderWith } from './folder.ts';

const config = (shared: string, own: string) => `import { folder, kinesis, s3 } from 'keylane';
  export default { largeEvents: ${shared}, pipelines: { orders: {
    source: kinesis({ stream: 'orders' }), handler() {}, largeEvents: ${own} } } };`;

async function load(shared = 'undefined', own = 'undefined') {
  const cwd = await folderWith({ 'keylane.config.ts': config(shared, own) });
  const settings = await loadSettings({ cwd, env: { HOME: '/nonexistent' } });
  return { cwd, largeEvents: settings.pipelines.get('orders')!.largeEvents };
}

const errorOf = async (shared: string): Promise<string> => {
  const error: unknown = await load(shared).catch((thrown: unknown) => thrown);
  return (error as Error).message.split('\n').slice(1).join('\n');
};

describe('large events', () => {
  test('may take 1 MiB in Temporal without a store, and 64 KiB with one, unless the settings say otherwise', async () => {
    expect((await load()).largeEvents).toEqual({ above: 1_048_576, store: undefined });
    expect((await load(`{ store: folder('/large') }`)).largeEvents.above).toBe(65_536);
    expect((await load(`{ above: 4096 }`)).largeEvents.above).toBe(4096);
  });

  test('a folder is relative to the settings file', async () => {
    const { cwd, largeEvents } = await load(`{ above: '128 KiB', store: folder('./large') }`);
    expect(largeEvents).toEqual({ above: 131_072, store: { kind: 'folder', path: join(cwd, 'large') } });
    expect((await load(`{ store: folder('/var/large') }`)).largeEvents.store).toMatchObject({ path: '/var/large' });
  });

  test('a field of the pipeline goes before that of all', async () => {
    const shared = `{ above: 2048, store: folder('/shared') }`;
    expect((await load(shared, `{ above: '1 MiB' }`)).largeEvents).toEqual({
      above: 1_048_576,
      store: { kind: 'folder', path: '/shared' },
    });
    expect(
      (await load(shared, `{ store: s3({ bucket: 'acme', prefix: 'a/b', region: 'eu-central-1' }) }`)).largeEvents,
    ).toEqual({
      above: 2048,
      store: { kind: 's3', bucket: 'acme', prefix: 'a/b', region: 'eu-central-1' },
    });
  });

  test.each([
    [`{ above: '2 MiB' }`, 'must be a size from 1 KiB to 1 MiB'],
    ['{ above: 1023 }', 'must be a size from 1 KiB to 1 MiB'],
    [`{ above: '64 KB' }`, 'a string such as "128 KiB"'],
    ['{ store: "./large" }', 'must be folder("./large-events") or s3({ bucket })'],
    ['{ store: { kind: "ftp" } }', 'must be folder("./large-events") or s3({ bucket })'],
    ['{ store: folder("") }', 'must be the path of a folder'],
    ['{ store: folder("s3://acme") }', 'must be the path of a folder'],
    ['{ store: s3({ bucket: "s3://acme" }) }', 'must be the name of an S3 bucket'],
    ['{ store: s3({ bucket: "acme", prefix: "/a/" }) }', 'without a slash at its ends'],
    ['{ stores: folder("./a") }', 'Did you mean store?'],
  ])('%s is refused, with what is allowed', async (shared, message) => {
    expect(await errorOf(shared)).toContain(message);
  });
});

test('an amount of data as text and back', () => {
  expect(['64 KiB', '1.5 MiB', '10MiB', 100, 0].map(sizeBytes)).toEqual([65_536, 1_572_864, 10_485_760, 100, 0]);
  expect(['64', '64 KB', '-1 KiB', 1.5, -1, null].map(sizeBytes)).toEqual(Array.from({ length: 6 }));
  expect([0, 1024, 65_536, 10_485_760, 1_234_567].map(formatSize)).toEqual([
    '0 bytes',
    '1 KiB',
    '64 KiB',
    '10 MiB',
    '1,234,567 bytes',
  ]);
});
