import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../../settings/errors.ts';
import { loadSettings } from '../../../settings/load.ts';
import { folderWith, ordersConfig } from './folder.ts';

/** The text of the error without the name of the test's folder. */
async function errorOf(files: Record<string, string>, file?: string): Promise<string> {
  const cwd = await folderWith(files);
  const env = { HOME: '/nonexistent' };
  const error: unknown = await loadSettings({ cwd, env, ...(file === undefined ? {} : { file }) }).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SettingsError);
  return (error as SettingsError).message.replaceAll(cwd, '<cwd>');
}

const startingAt = (date: string) => ordersConfig('', `kinesis({ stream: 'orders', startAt: new Date('${date}') })`);

const errorOfConfig = (text: string) => errorOf({ 'keylane.config.ts': text });

describe('the file', () => {
  test('no settings file: says which names were looked for', async () => {
    expect(await errorOf({})).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>
        there is no keylane.config.ts, keylane.config.mts, keylane.config.cts, keylane.config.js, keylane.config.mjs, keylane.config.cjs in this folder or above it: write one, or name it with --config"
    `);
  });

  test('the named file is not there', async () => {
    expect(await errorOf({}, 'my.config.ts')).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/my.config.ts
        the file does not exist"
    `);
  });

  test('a file of another kind', async () => {
    expect(await errorOf({ 'keylane.json': '{}' }, 'keylane.json')).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.json
        a settings file ends in .ts, .mts, .cts, .js, .mjs, .cjs"
    `);
  });

  test('a file that throws: names the file and the error', async () => {
    expect(await errorOfConfig('throw new RangeError("no STAGE");')).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        importing it failed: RangeError: no STAGE (at <cwd>/keylane.config.ts:1)"
    `);
  });

  test('a file with a syntax error', async () => {
    expect(await errorOfConfig('export default {{')).toMatch(/importing it failed: .*SyntaxError|ParseError/);
  });

  test('no default export', async () => {
    expect(await errorOfConfig('export const config = {};')).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        it has no default export: write \`export default defineConfig({ ... })\`"
    `);
  });

  test('a default export that is no object', async () => {
    expect(await errorOfConfig('export default () => ({});')).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        [Function: _default]: must be what defineConfig({ pipelines: { ... } }) returns"
    `);
  });
});

describe('the fields', () => {
  test('all problems are told at once, each with its path, its value and what is allowed', async () => {
    const text = `export default {
      temporal: { address: 'http://localhost:7233', adress: 'x', taskQueue: '' },
      metrics: { address: ':9464', port: 9464 },
      pipeline: {},
      pipelines: {
        '2fast': { source: { kind: 'kinesis', stream: 'orders' }, handler() {} },
        orders: {
          source: { kind: 'kinesis', stream: 'or ders', startAt: '2026-01-01', endpoint: 'localhost:4567' },
          key: 'orderId',
          handler: './handlers/orders',
          retry: { maxAttempts: 0, initialInterval: '5 parsecs', backof: 3, maxInterval: 0 },
          timeout: '30d',
          idle: '2m',
          reading: { maxReaders: 1.5 },
        },
        users: { source: { kind: 'kafka', topic: 'users' } },
        carts: { source: { kind: 'dynamodb', table: 'carts' }, handler: './nowhere.ts', retry: 3 },
      },
    };`;
    expect(await errorOf({ 'keylane.config.ts': text, 'handlers/orders.ts': 'export default () => {}' }))
      .toMatchInlineSnapshot(`
        "The settings cannot be used: <cwd>/keylane.config.ts
          temporal.address = 'http://localhost:7233': must be "host:port", without a scheme
          temporal.taskQueue = '': must be a string without spaces, at most 200 characters, that does not end in "-bridge": reading for a task queue "orders" uses "orders-bridge"
          temporal.adress: unknown field. Did you mean address? Allowed here: address, namespace, taskQueue, deployment
          metrics.address = ':9464': must be "host:port" or "[IPv6]:port", such as "0.0.0.0:9464"
          metrics.port: unknown field. Allowed here: address
          pipelines.2fast: a pipeline's name starts with a letter and has letters, digits, - and _, at most 64
          pipelines.orders.source.stream = 'or ders': must be the name or the ARN of a Kinesis data stream
          pipelines.orders.source.startAt = '2026-01-01': must be "TRIM_HORIZON", "LATEST" or a Date
          pipelines.orders.source.endpoint = 'localhost:4567': must be a URL that starts with http:// or https://
          pipelines.orders.key = 'orderId': must be a function of a record that returns its key
          pipelines.orders.retry.maxAttempts = 0: must be a whole number from 1 to 1000000
          pipelines.orders.retry.initialInterval = '5 parsecs': must be a duration: milliseconds, or a string such as "500ms", "30s", "5m", "2h"
          pipelines.orders.retry.maxInterval = 0: must be more than 0 and at most 24d
          pipelines.orders.retry.backof: unknown field. Did you mean backoff? Allowed here: maxAttempts, initialInterval, backoff, maxInterval
          pipelines.orders.timeout = '30d': must be more than 0 and at most 24d
          pipelines.orders.idle = '2m': must be longer than 170s: the lease margin (120s), the readers' heartbeat timeout (10s), the deadline of a request (10s) and the time in which a reader may not know that it was replaced (30s) together. A lane that completed sooner could forget what it has accepted while a reader may still send it again (O6)
          pipelines.orders.reading.maxReaders = 1.5: must be a whole number from 1 to 1000
          pipelines.users.source.kind = 'kafka': must be kinesis({ stream }) or dynamodb({ table })
          pipelines.users.handler: is missing; must be a path to a module, relative to the settings file, or a function
          pipelines.carts.retry = 3: must be an object such as { maxAttempts: 10, initialInterval: "1s", backoff: 2, maxInterval: "1m" }
          pipeline: unknown field. Did you mean pipelines? Allowed here: temporal, metrics, log, largeEvents, pipelines
          pipelines.orders.handler = './handlers/orders': the file <cwd>/handlers/orders does not exist; did you mean ./handlers/orders.ts?
          pipelines.carts.handler = './nowhere.ts': the file <cwd>/nowhere.ts does not exist"
      `);
  });

  test.each(['async () => "a"', 'async function (record) { return record.text(); }', 'async *key() { yield "a"; }'])(
    'an async key function: nobody waits for its promise (fault H1): %s',
    async (key) => {
      const field = key.includes('*key') ? key : `key: ${key}`;
      const error = await errorOfConfig(
        `export default { pipelines: { orders: { source: { kind: 'kinesis', stream: 'orders' }, ${field}, handler() {} } } };`,
      );
      expect(error).toMatch(
        /pipelines\.orders\.key = .*: is async, but its promise is not awaited: it must be a function of a record that returns its key/,
      );
    },
  );

  test('no pipelines at all', async () => {
    expect(await errorOfConfig('export default {};')).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        pipelines: is missing; must be an object: pipelines by their names"
    `);
    expect(await errorOfConfig('export default { pipelines: {} };')).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        pipelines = {}: must have at least one pipeline"
    `);
  });

  test('a Date for DynamoDB Streams: why not, and what to use', async () => {
    const source = `dynamodb({ table: 'orders', startAt: new Date('2026-01-01') })`;
    expect(await errorOfConfig(ordersConfig('', source))).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        pipelines.orders.source.startAt = 2026-01-01T00:00:00.000Z: DynamoDB Streams cannot be read from a point in time; use "TRIM_HORIZON" (all that the stream still has, 24 hours) or "LATEST""
    `);
  });

  test('a start that lies in the future, or is no date', async () => {
    expect(await errorOfConfig(startingAt('9000-01-01'))).toContain(
      'is in the future: Kinesis only reads from the past',
    );
    expect(await errorOfConfig(startingAt('soon'))).toContain('is not a valid Date');
  });

  test('O6: idle must be longer than a reader can be late', async () => {
    expect(await errorOfConfig(ordersConfig(`idle: '170s'`))).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        pipelines.orders.idle = '170s': must be longer than 170s: the lease margin (120s), the readers' heartbeat timeout (10s), the deadline of a request (10s) and the time in which a reader may not know that it was replaced (30s) together. A lane that completed sooner could forget what it has accepted while a reader may still send it again (O6)"
    `);
    const cwd = await folderWith({ 'keylane.config.ts': ordersConfig(`idle: '171s'`) });
    await expect(loadSettings({ cwd })).resolves.toBeDefined();
  });

  test('the longest wait between attempts is not shorter than the first, whatever else is wrong', async () => {
    const text = ordersConfig(`retry: { initialInterval: '10s', maxInterval: '5s', maxAttempts: 'many' }`);
    expect(await errorOfConfig(text)).toMatchInlineSnapshot(`
      "The settings cannot be used: <cwd>/keylane.config.ts
        pipelines.orders.retry.maxAttempts = 'many': must be a whole number from 1 to 1000000
        pipelines.orders.retry.maxInterval = '5s': must not be shorter than initialInterval"
    `);
  });
});
