import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../settings/load.ts';
import { folderWith } from './folder.ts';

const config = (backlog: string) => `import { kinesis } from 'keylane';
  export default { pipelines: { orders: { source: kinesis({ stream: 'orders' }), handler() {}, backlog: ${backlog} } } };`;

async function load(backlog: string) {
  const cwd = await folderWith({ 'keylane.config.ts': config(backlog) });
  const settings = await loadSettings({ cwd, env: { HOME: '/nonexistent' } });
  return settings.pipelines.get('orders')!.lane.segments;
}

describe('backlog', () => {
  test('a lane and its segments hold 1000 events and 256 KiB each, unless the settings say otherwise (O9)', async () => {
    expect(await load('undefined')).toEqual({ events: 1000, bytes: 262_144 });
    expect(await load('{ events: 50 }')).toEqual({ events: 50, bytes: 262_144 });
    expect(await load(`{ bytes: '64 KiB' }`)).toEqual({ events: 1000, bytes: 65_536 });
  });

  test.each([
    ['{ events: 9 }', 'backlog.events = 9: must be a whole number from 10 to 10000'],
    ['{ events: 10_001 }', 'backlog.events = 10001: must be a whole number from 10 to 10000'],
    [`{ bytes: '512 KiB' }`, `backlog.bytes = '512 KiB': must be a size from 16 KiB to 256 KiB`],
    ['{ bytes: 16_383 }', 'backlog.bytes = 16383: must be a size from 16 KiB to 256 KiB'],
    ['{ records: 5 }', 'backlog.records: unknown field. Allowed here: events, bytes'],
    ['500', 'backlog = 500: must be an object such as { events: 1000, bytes: "256 KiB" }'],
  ])('%s is refused', async (backlog, message) => {
    await expect(load(backlog)).rejects.toThrow(message);
  });
});
