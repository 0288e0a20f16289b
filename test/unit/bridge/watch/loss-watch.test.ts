import { pino } from 'pino';
import { expect, test } from 'vitest';
import { LossWatch } from '../../../../bridge/watch/loss-watch.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function setUp() {
  const lines: { readonly shard: string; readonly msg: string }[] = [];
  const time = { now: 1_700_000_000_000 };
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const watch = new LossWatch(log, 6 * HOUR, () => time.now);
  const look = (shardId: string, behind: number, finished = false): void =>
    watch.look(shardId, { finished, consumedUntil: time.now - behind }, DAY);
  return { lines, time, watch, look };
}

test('it warns below the limit, once an hour for each shard, whichever reader has it', () => {
  const { lines, look, time } = setUp();
  look('a', 18 * HOUR);
  expect(lines).toEqual([]);
  look('a', 18 * HOUR + 1);
  look('a', 19 * HOUR);
  look('b', 20 * HOUR);
  expect(lines.map(({ shard }) => shard)).toEqual(['a', 'b']);
  time.now += HOUR - 1;
  look('a', 20 * HOUR);
  expect(lines).toHaveLength(2);
  time.now += 1;
  look('a', 20 * HOUR);
  expect(lines.map(({ shard }) => shard)).toEqual(['a', 'b', 'a']);
  expect(lines[2]?.msg).toMatch(/20\.0 h behind, and the source keeps records for 24\.0 h: in 4\.0 h unread/);
});

test('past the retention it says that records are being lost', () => {
  const { lines, look } = setUp();
  look('a', 30 * HOUR);
  expect(lines[0]?.msg).toContain('unread records are being lost');
});

test('of a shard that is finished, or of which nothing is known, there is nothing to say', () => {
  const { lines, look, watch } = setUp();
  look('a', 30 * HOUR, true);
  watch.look('b', { finished: false }, DAY);
  expect(lines).toEqual([]);
});
