import { describe, expect, test } from 'vitest';
import { isMetricsAddress, socketAddress } from '../../../settings/metrics-address.ts';
import { MetricsEndpointError } from '../../../settings/metrics-errors.ts';

describe('an address', () => {
  test.each([
    ['0.0.0.0:9464', '0.0.0.0:9464'],
    ['127.0.0.1:1', '127.0.0.1:1'],
    ['[::]:9464', '[::]:9464'],
    ['[::1]:65535', '[::1]:65535'],
    ['localhost:9464', '127.0.0.1:9464'],
  ])('%s is served at %s', async (address, socket) => {
    expect(isMetricsAddress(address)).toBe(true);
    expect(await socketAddress(address)).toBe(socket);
  });

  test.each([
    ['9464'],
    [':9464'],
    ['localhost'],
    ['localhost:'],
    ['::1:9464'],
    ['[localhost]:9464'],
    ['0.0.0.0:0'],
    ['0.0.0.0:65536'],
    ['http://localhost:9464'],
    ['localhost:9464/metrics'],
    ['local host:9464'],
    [''],
    [9464],
    [undefined],
  ])('%j is none', (address) => {
    expect(isMetricsAddress(address)).toBe(false);
  });

  test('of a host that is not known: says so, and what to do', async () => {
    const failure = await socketAddress('no-such-host.invalid:9464').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MetricsEndpointError);
    expect((failure as Error).message).toMatch(/^Metrics cannot be served at no-such-host\.invalid:9464: .*ENOTFOUND/);
    expect((failure as Error).message).toContain('--metrics-address');
  });
});
