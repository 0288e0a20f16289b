import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../settings/load.ts';
import { loadHandler } from '../../../settings/handler.ts';
import { TemporalEnvironmentError } from '../../../settings/environment.ts';
import { folderWith, ordersConfig } from './folder.ts';

/** No variable of the machine, and no configuration file of whoever runs the tests. */
const NOTHING = { HOME: '/nonexistent' };

describe('finding and importing', () => {
  test('a TypeScript file is found, and every default is filled in', async () => {
    const cwd = await folderWith({
      'keylane.config.ts': `import { defineConfig, kinesis, type KeyableRecord } from 'keylane';
        export default defineConfig({
          pipelines: {
            orders: {
              source: kinesis({ stream: 'orders' }),
              key: (record: KeyableRecord) => record.json().orderId,
              handler: './handlers/orders.ts',
            },
          },
        });`,
      'handlers/orders.ts': 'export default async function handle() {}',
    });
    const settings = await loadSettings({ cwd, env: NOTHING });
    const { handler, key, ...orders } = settings.pipelines.get('orders')!;
    expect(settings.file).toBe(join(cwd, 'keylane.config.ts'));
    expect(handler).toBe(join(cwd, 'handlers/orders.ts'));
    expect(key).toBeTypeOf('function');
    expect({ temporal: settings.temporal, orders }).toMatchInlineSnapshot(`
      {
        "orders": {
          "filter": undefined,
          "handling": {
            "retry": {
              "backoff": 2,
              "initialIntervalMs": 1000,
              "maxAttempts": 10,
              "maxIntervalMs": 60000,
            },
            "stopTimeoutMs": 60000,
            "timeoutMs": 30000,
          },
          "hosting": {
            "kind": "own",
          },
          "lane": {
            "decisionsKept": 20,
            "handler": {
              "kind": "function",
            },
            "heartbeatTimeoutMs": 15000,
            "idleMs": 900000,
            "leaseMarginMs": 120000,
            "maxBatchBytes": 262144,
            "maxBatchEvents": 100,
            "retry": {
              "backoff": 2,
              "initialIntervalMs": 1000,
              "maxAttempts": 10,
              "maxIntervalMs": 60000,
            },
            "segments": {
              "bytes": 262144,
              "events": 1000,
            },
            "signalsPerRun": 2000,
          },
          "largeEvents": {
            "above": 1048576,
            "store": undefined,
          },
          "name": "orders",
          "order": "key",
          "pipeline": {
            "discoverEveryMs": 60000,
            "eventsPerRun": 4000,
            "heartbeatTimeoutMs": 10000,
            "maxReaders": 16,
            "shiftMs": 300000,
          },
          "reading": {
            "bytesInFlight": 67108864,
            "historyLimits": {
              "active": {
                "bytes": 12582912,
                "events": 30000,
              },
              "stalled": {
                "bytes": 12582912,
                "events": 6000,
              },
            },
            "idlePollMs": 1000,
            "recordsInFlight": 10000,
            "requestTimeoutMs": 10000,
            "requestsInFlight": 64,
            "warnBeforeMs": 21600000,
          },
          "source": {
            "kind": "kinesis",
            "startAt": "TRIM_HORIZON",
            "stream": "orders",
          },
        },
        "temporal": {
          "address": undefined,
          "namespace": undefined,
          "taskQueue": "keylane",
        },
      }
    `);
  });

  test.each([
    ['keylane.config.mts', `import { kinesis } from 'keylane'; const source: object = kinesis({ stream: 's' });`],
    ['keylane.config.mjs', `const source = { kind: 'kinesis', stream: 's' };`],
    ['keylane.config.js', `const source = { kind: 'kinesis', stream: 's' };`],
  ])('%s works too', async (name, before) => {
    const text = `${before}\nexport default { pipelines: { orders: { source, handler() {} } } };`;
    const cwd = await folderWith({ [name]: text, 'package.json': '{"type":"module"}' });
    const settings = await loadSettings({ cwd, env: NOTHING });
    expect([...settings.pipelines.keys()]).toEqual(['orders']);
  });

  test('a file that is named goes before the ones that are looked for', async () => {
    const cwd = await folderWith({
      'keylane.config.ts': 'throw new Error("not this one")',
      'other/my.config.ts': ordersConfig(),
    });
    const settings = await loadSettings({ cwd, file: 'other/my.config.ts', env: NOTHING });
    expect(settings.file).toBe(join(cwd, 'other/my.config.ts'));
  });

  test('the settings and a handler share the modules that both import', async () => {
    const cwd = await folderWith({
      'shared.ts': 'export const shared = { loaded: Math.random() };',
      'keylane.config.ts': `import { shared } from './shared.ts';
        export default { pipelines: { orders: {
          source: { kind: 'kinesis', stream: String(shared.loaded) }, handler: './handle.ts' } } };`,
      'handle.ts': `import { shared } from './shared.ts'; export default () => shared.loaded;`,
    });
    const orders = (await loadSettings({ cwd, env: NOTHING })).pipelines.get('orders')!;
    const handler = (await loadHandler(orders.handler)) as unknown as () => number;
    expect(orders.source).toMatchObject({ stream: String(handler()) });
  });
});

describe('values', () => {
  test('durations become milliseconds, and what is set is kept', async () => {
    const cwd = await folderWith({
      'keylane.config.ts': ordersConfig(
        `retry: { maxAttempts: 3, initialInterval: '2m' }, timeout: '1m', stopTimeout: 1500, idle: '1h',
         reading: { maxReaders: 2, shift: '30s', recordsInFlight: 5 }`,
        `dynamodb({ table: 'orders', startAt: 'LATEST' })`,
      ),
    });
    const orders = (await loadSettings({ cwd, env: NOTHING })).pipelines.get('orders')!;
    expect(orders.source).toEqual({ kind: 'dynamodb', table: 'orders', startAt: 'LATEST' });
    // The longest wait follows the first, which is longer than its default: Temporal refuses anything else.
    const retry = { maxAttempts: 3, initialIntervalMs: 120_000, backoff: 2, maxIntervalMs: 120_000 };
    expect(orders.handling).toEqual({ retry, timeoutMs: 60_000, stopTimeoutMs: 1500 });
    expect(orders.lane.idleMs).toBe(3_600_000);
    expect(orders.pipeline).toMatchObject({ maxReaders: 2, shiftMs: 30_000 });
    expect(orders.reading).toMatchObject({ recordsInFlight: 5, requestTimeoutMs: 10_000 });
  });

  test('a Date is kept as the start of a Kinesis stream', async () => {
    const source = `kinesis({ stream: 'orders', startAt: new Date('2026-01-02T03:04:05Z') })`;
    const cwd = await folderWith({ 'keylane.config.ts': ordersConfig('', source) });
    const orders = (await loadSettings({ cwd, env: NOTHING })).pipelines.get('orders')!;
    expect(orders.source.startAt).toEqual(new Date('2026-01-02T03:04:05Z'));
  });
});

describe('where Temporal is', () => {
  const toml = '[profile.default]\naddress = "toml:1"\nnamespace = "toml-ns"\n';

  async function temporal(fields: string, env: Record<string, string>) {
    const cwd = await folderWith({
      'keylane.config.ts': `export default { temporal: { ${fields} }, pipelines: { orders: {
        source: { kind: 'kinesis', stream: 's' }, handler() {} } } };`,
      'temporal.toml': toml,
    });
    const withFile =
      env['TEMPORAL_CONFIG_FILE'] === '' ? env : { TEMPORAL_CONFIG_FILE: join(cwd, 'temporal.toml'), ...env };
    return (await loadSettings({ cwd, env: { ...NOTHING, ...withFile } })).temporal;
  }

  test('the settings go before the environment, and that before the configuration file', async () => {
    const env = { TEMPORAL_ADDRESS: 'env:1', TEMPORAL_NAMESPACE: 'env-ns' };
    expect(await temporal(`address: 'file:1', namespace: 'ns', taskQueue: 'q'`, env)).toEqual({
      address: 'file:1',
      namespace: 'ns',
      taskQueue: 'q',
    });
    expect(await temporal('', env)).toMatchObject({ address: 'env:1', namespace: 'env-ns' });
    expect(await temporal('', {})).toMatchObject({ address: 'toml:1', namespace: 'toml-ns' });
  });

  test('variables that are empty are as good as not set', async () => {
    expect(await temporal('', { TEMPORAL_CONFIG_FILE: '', TEMPORAL_ADDRESS: '' })).toEqual({
      address: undefined,
      namespace: undefined,
      taskQueue: 'keylane',
    });
  });

  test('a profile that is not there is told', async () => {
    await expect(temporal('', { TEMPORAL_PROFILE: 'prod' })).rejects.toThrow(TemporalEnvironmentError);
    await expect(temporal('', { TEMPORAL_PROFILE: 'prod' })).rejects.toThrow("Profile 'prod' not found");
  });
});

describe('where settings are, and in which form (fault H3)', () => {
  const object = `{ pipelines: { orders: { source: { kind: 'kinesis', stream: 'orders' }, handler() {} } } }`;
  const compiled = `"use strict"; Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ${object};`;
  const commonJs = '{ "type": "commonjs" }';

  test.each([
    ['keylane.config.ts', `export default ${object};`],
    ['keylane.config.mts', `export default ${object};`],
    ['keylane.config.cts', `export default ${object};`],
    ['keylane.config.cts', `module.exports = ${object};`],
    ['keylane.config.cts', `const config: unknown = ${object}; export = config;`],
    ['keylane.config.ts', `module.exports = ${object};`],
    ['keylane.config.mjs', `export default ${object};`],
    ['keylane.config.cjs', `module.exports = ${object};`],
    ['keylane.config.cjs', compiled],
    ['keylane.config.js', `module.exports = ${object};`],
    ['keylane.config.js', compiled],
  ])('%s: %s', async (name, text) => {
    const cwd = await folderWith({ [name]: text, 'package.json': commonJs });
    const settings = await loadSettings({ cwd, env: NOTHING });
    expect([...settings.pipelines.keys()]).toEqual(['orders']);
  });

  test('a handler has the same forms', async () => {
    const forms = {
      'module.cjs': 'module.exports = async function handle() {};',
      'compiled.cjs': 'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = () => {};',
      'module.cts': 'module.exports = async function handle() {};',
      'default.cts': 'export default async function handle() {}',
    };
    const cwd = await folderWith(forms);
    for (const name of Object.keys(forms)) expect(await loadHandler(join(cwd, name))).toBeTypeOf('function');
  });

  test('they are looked for in the folders above, the nearest first, and what they name is beside them', async () => {
    const cwd = await folderWith({
      'keylane.config.ts': ordersConfig("handler: './handle.mjs'"),
      'handle.mjs': 'export default () => {};',
      'packages/one/src/file.txt': '',
      'packages/two/keylane.config.cjs': `module.exports = ${object};`,
      'packages/two/src/file.txt': '',
    });
    const above = await loadSettings({ cwd: join(cwd, 'packages/one/src'), env: NOTHING });
    expect(above.file).toBe(join(cwd, 'keylane.config.ts'));
    expect(above.pipelines.get('orders')?.handler).toBe(join(cwd, 'handle.mjs'));
    const nearer = await loadSettings({ cwd: join(cwd, 'packages/two/src'), env: NOTHING });
    expect(nearer.file).toBe(join(cwd, 'packages/two/keylane.config.cjs'));
  });

  test('not above the root of a repository', async () => {
    const cwd = await folderWith({
      'keylane.config.cjs': `module.exports = ${object};`,
      'repository/.git/HEAD': '',
      'repository/src/file.txt': '',
    });
    await expect(loadSettings({ cwd: join(cwd, 'repository/src'), env: NOTHING })).rejects.toThrow(
      /there is no keylane\.config\.ts, .*keylane\.config\.cjs in this folder or above it/,
    );
  });
});

describe('texts that help (fault H5)', () => {
  test.each([
    ['kye', 'key'],
    ['handelr', 'handler'],
    ['sorce', 'source'],
    ['timoeut', 'timeout'],
    ['ilde', 'idle'],
  ])('the unknown field %s: was it %s?', async (typed, meant) => {
    const cwd = await folderWith({ 'keylane.config.ts': ordersConfig(`handler() {}, ${typed}: 1`) });
    await expect(loadSettings({ cwd, env: NOTHING })).rejects.toThrow(`Did you mean ${meant}?`);
  });

  test('a module that throws when it is imported: which, what and where', async () => {
    const broken = `\n\nexport default () => {};\nconst url = undefined;\nurl.host;\n`;
    const cwd = await folderWith({
      'handle.ts': broken,
      'handle.mjs': broken,
      'keylane.config.ts': broken,
    });
    for (const name of ['handle.ts', 'handle.mjs']) {
      const error: unknown = await loadHandler(join(cwd, name)).catch((reason: unknown) => reason);
      expect((error as Error).message).toMatch(
        new RegExp(`^The handler cannot be used: .*${name}\\n.*TypeError: Cannot read.*host.*${name}:5\\)`),
      );
    }
    await expect(loadSettings({ cwd, env: NOTHING })).rejects.toThrow(
      /^The settings cannot be used: .*config\.ts:5\)/s,
    );
  });
});
