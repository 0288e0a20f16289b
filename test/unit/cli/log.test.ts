import { expect, test } from 'vitest';
import { createLog, type LogOptions } from '../../../cli/log.ts';

function logged(options: LogOptions, isTTY = false): string {
  let text = '';
  const log = createLog(options, { write: (line) => (text += line), isTTY }, false);
  log.debug('fine print');
  log.info({ shard: 'shardId-0' }, 'reading');
  return text;
}

test('JSON where no person looks', () => {
  const [line, ...rest] = logged({}).trim().split('\n');
  expect(rest).toEqual([]);
  expect(JSON.parse(line!)).toMatchObject({ msg: 'reading', shard: 'shardId-0' });
});

test('pretty on a terminal', () => {
  expect(logged({}, true)).toMatch(/^\[[\d:.]+\] INFO: reading\n\s+shard: "shardId-0"\n$/);
});

test('the flags decide', () => {
  expect(logged({ logFormat: 'pretty' })).toContain('INFO: reading');
  expect(logged({ logLevel: 'debug' }).split('\n')).toHaveLength(3);
  expect(logged({ logLevel: 'silent' })).toBe('');
});
