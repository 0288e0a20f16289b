import { expect, test } from 'vitest';
import type { Settings } from '../../../settings/settings.ts';
import { SettingsError } from '../../../settings/errors.ts';
import { loadSettings } from '../../../settings/load.ts';
import { TemporalEnvironmentError } from '../../../settings/environment.ts';
import { versionOf } from '../../../worker/version.ts';
import { folderWith } from './folder.ts';

const NOTHING = { HOME: '/nonexistent' };

async function settings(deployment: string, env: Record<string, string> = {}): Promise<Settings> {
  const cwd = await folderWith({
    'keylane.config.ts': `export default { temporal: { ${deployment} }, pipelines: { orders: {
      source: { kind: 'kinesis', stream: 's' }, handler() {} } } };`,
  });
  return await loadSettings({ cwd, env: { ...NOTHING, ...env } });
}

test('without any of it a process has no version', async () => {
  const without = await settings('', { TEMPORAL_WORKER_BUILD_ID: 'abc', TEMPORAL_DEPLOYMENT_NAME: '' });
  expect(without.temporal).not.toHaveProperty('deployment');
  expect(versionOf(without)).toBeUndefined();
});

test('the settings go before the environment, each of the two names by itself', async () => {
  const env = { TEMPORAL_DEPLOYMENT_NAME: 'shop/orders', TEMPORAL_WORKER_BUILD_ID: 'v1.2-abc' };
  expect(versionOf(await settings('', env))).toEqual({ deploymentName: 'shop/orders', buildId: 'v1.2-abc' });
  expect(versionOf(await settings(`deployment: { name: 'mine' }`, env))).toEqual({
    deploymentName: 'mine',
    buildId: 'v1.2-abc',
  });
  expect(versionOf(await settings(`deployment: { name: 'mine', buildId: 'sha256:0af' }`, env))).toEqual({
    deploymentName: 'mine',
    buildId: 'sha256:0af',
  });
});

test('without a build id the settings can be used, but by no process that runs something', async () => {
  const half = await settings(`deployment: { name: 'orders' }`);
  expect(() => versionOf(half)).toThrow(SettingsError);
  expect(() => versionOf(half)).toThrow(
    'temporal.deployment.buildId: is missing, and so is TEMPORAL_WORKER_BUILD_ID in the environment. This process belongs to deployment "orders" and needs a build id that changes with every release',
  );
});

test.each([
  `name: 'my.orders'`,
  `name: 'my:orders'`,
  `name: '__orders'`,
  `name: ''`,
  `buildId: 'v1'`,
  `name: 'orders', buildId: 'v 1'`,
  `name: 'orders', buildId: '__v1'`,
])('refused, as Temporal would: { %s }', async (fields) => {
  await expect(settings(`deployment: { ${fields} }`)).rejects.toThrow(SettingsError);
});

test('a name in the environment that Temporal would refuse is told with the variable', async () => {
  const wrong = settings('', { TEMPORAL_DEPLOYMENT_NAME: 'my.orders' });
  await expect(wrong).rejects.toThrow(TemporalEnvironmentError);
  await expect(wrong).rejects.toThrow('TEMPORAL_DEPLOYMENT_NAME = "my.orders": must be a name of letters');
});
