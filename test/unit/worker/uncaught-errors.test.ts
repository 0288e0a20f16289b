import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { keyFunctionCalls } from '../../../activities/execution/current-call.ts';
import { createRecordRouter } from '../../../bridge/read/route-record.ts';
import type { SourceRecord } from '../../../sources/source.ts';
import { UncaughtErrors } from '../../../worker/uncaught-errors.ts';

const lines: string[] = [];
let uncaught: UncaughtErrors;
const others = process.listeners('unhandledRejection');
afterEach(() => {
  uncaught.stop();
  for (const listener of others) process.on('unhandledRejection', listener);
});

test('O3 a promise that a key function leaves behind ends neither reading nor the process (fault F10)', async () => {
  process.removeAllListeners('unhandledRejection');
  uncaught = new UncaughtErrors(pino({ base: null }, { write: (line: string) => void lines.push(line) }));
  let ended: unknown;
  uncaught.fatal.catch((error: unknown) => (ended = error));
  const lookUp = async (key: string): Promise<void> => {
    await Promise.resolve();
    if (key === 'bad') throw new Error(`no customer ${key}`);
  };
  const key = keyFunctionCalls('orders', (record) => {
    void lookUp(record.json().id);
    return record.json().id as string;
  });
  const routeRecord = createRecordRouter('kinesis', key);
  const record = (id: string): SourceRecord => ({
    position: { shardId: 'shard', sequenceNumber: '7' },
    arrivedAt: 0,
    partitionKey: 'p',
    data: new TextEncoder().encode(JSON.stringify({ id })),
  });
  expect([routeRecord(record('bad')), routeRecord(record('good'))]).toMatchObject([{ key: 'bad' }, { key: 'good' }]);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  expect(JSON.parse(lines[0]!)).toMatchObject({
    pipeline: 'orders',
    position: 'shard:7',
    reason: 'Error: no customer bad',
    msg: expect.stringContaining('A promise of a key function was rejected') as string,
  });
  expect(ended).toBeUndefined();
});
