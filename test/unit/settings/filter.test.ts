import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../../settings/errors.ts';
import { loadSettings } from '../../../settings/load.ts';
import { folderWith, ordersConfig } from './folder.ts';

async function load(fields: string, source?: string) {
  const cwd = await folderWith({ 'keylane.config.ts': ordersConfig(fields, source) });
  return (await loadSettings({ cwd, env: { HOME: '/nonexistent' } })).pipelines.get('orders')!;
}

async function problemsOf(fields: string, source?: string): Promise<string[]> {
  const error: unknown = await load(fields, source).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(SettingsError);
  return (error as SettingsError).problems.map(({ path, value, message }) => `${path} = ${value}: ${message}`);
}

describe('a filter', () => {
  const pattern = { data: { type: ['buy'] } };

  test('is a list of patterns, or a single one', async () => {
    expect(await load(`filter: ${JSON.stringify([pattern])}`)).toMatchObject({ filter: [pattern] });
    expect(await load(`filter: ${JSON.stringify(pattern)}`)).toMatchObject({ filter: [pattern] });
    expect((await load('')).filter).toBeUndefined();
  });

  test('that cannot be meant is refused, each problem with its place', async () => {
    expect(await problemsOf(`filter: [{ data: { a: [{ wildcard: '*' }] } }, { nothing: ['x'] }], timeout: 'soon'`))
      .toMatchInlineSnapshot(`
      [
        "pipelines.orders.timeout = 'soon': must be a duration: milliseconds, or a string such as "500ms", "30s", "5m", "2h"",
        "pipelines.orders.filter[0].data.a[0] = { wildcard: '*' }: write one operator of those that Lambda's filters have: prefix, suffix, equals-ignore-case, anything-but, numeric, exists",
        "pipelines.orders.filter[1].nothing = [ 'x' ]: an event has no such field here. Fields that it has: partitionKey, sequenceNumber, approximateArrivalTimestamp, data",
      ]
    `);
  });

  test('a single pattern is named without a number', async () => {
    expect(await problemsOf(`filter: { data: { a: [] } }`)).toMatchInlineSnapshot(`
      [
        "pipelines.orders.filter.data.a = []: must have a rule: an empty list matches nothing",
      ]
    `);
  });

  test('is checked against the source: DynamoDB has other fields', async () => {
    expect(await problemsOf(`filter: { data: { a: ['x'] } }`, `dynamodb({ table: 'orders' })`)).toMatchInlineSnapshot(`
      [
        "pipelines.orders.filter.data = { a: [ 'x' ] }: an event has no such field here. Fields that it has: eventID, eventName, eventVersion, eventSource, awsRegion, userIdentity, dynamodb",
      ]
    `);
  });

  test.each([`'{}'`, '[]', '5', 'null'])('that is %s is told as what it is', async (value) => {
    expect(await problemsOf(`filter: ${value}`)).toEqual([
      expect.stringMatching(/^pipelines\.orders\.filter = .*: must be a list of patterns/),
    ]);
  });

  test('of a pipeline without a source waits for it', async () => {
    expect(await problemsOf(`filter: []`, 'undefined')).toEqual([expect.stringMatching(/^pipelines\.orders\.source/)]);
  });
});
