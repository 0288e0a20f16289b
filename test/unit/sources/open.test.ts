import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SourceConfig } from '../../../contracts/public/source-config.ts';
import { SourceConfigurationError } from '../../../sources/errors.ts';
import { openSource } from '../../../sources/open.ts';

const { signal } = new AbortController();
const nowhere = { endpoint: 'http://127.0.0.1:1' };
const configs: SourceConfig[] = [
  { kind: 'kinesis', stream: 'orders', ...nowhere },
  { kind: 'dynamodb', table: 'orders', ...nowhere },
];

describe('openSource', () => {
  beforeEach(() => {
    // Nothing of the machine's own AWS settings, and no question to an instance's metadata.
    for (const name of Object.keys(process.env).filter((key) => key.startsWith('AWS_'))) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each<[SourceConfig, string]>([
    [{ kind: 'kinesis', stream: 'orders' }, 'kinesis:orders'],
    [{ kind: 'kinesis', stream: 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders' }, 'kinesis:orders'],
    [{ kind: 'kinesis', stream: 'arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders' }, 'kinesis:orders'],
    [{ kind: 'dynamodb', table: 'orders' }, 'dynamodb:orders'],
  ])('%o is %s', (config, identity) => {
    const source = openSource(config);
    expect(source).toMatchObject({ kind: config.kind, identity, pace: { minIntervalMs: 200, idleIntervalMs: 1000 } });
    source.close();
  });

  test.each(configs)('how long a quiet shard of $kind is left alone is a setting', (config) => {
    const source = openSource(config, { idleIntervalMs: 10_000 });
    expect(source.pace).toEqual({ minIntervalMs: 200, idleIntervalMs: 10_000 });
    source.close();
  });

  test.each(configs)('without a region $kind says what to set', async (config) => {
    const source = openSource(config);
    const listing = source.listShards(signal);
    await expect(listing).rejects.toThrow(SourceConfigurationError);
    await expect(listing).rejects.toThrow(/Region is missing.*AWS_REGION/);
    source.close();
  });

  test.each(configs)('without credentials $kind says what to check', async (config) => {
    const source = openSource({ ...config, region: 'us-east-1' });
    const listing = source.listShards(signal);
    await expect(listing).rejects.toThrow(SourceConfigurationError);
    await expect(listing).rejects.toThrow(/region us-east-1.*Check the AWS credentials/);
    source.close();
  });
});
