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
  const check = (shardId: string, behind: number, finished = false): void =>
    watch.check(shardId, { finished, consumedUntil: time.now - behind }, DAY);
  return { lines, time, watch, check };
}

test('it warns below the limit, once an hour for each shard, whichever reader has it', () => {
  const { lines, check, time } = setUp();
  check('a', 18 * HOUR);
  expect(lines).toEqual([]);
  check('a', 18 * HOUR + 1);
  check('a', 19 * HOUR);
  check('b', 20 * HOUR);
  expect(lines.map(({ shard }) => shard)).toEqual(['a', 'b']);
  time.now += HOUR - 1;
  check('a', 20 * HOUR);
  expect(lines).toHaveLength(2);
  time.now += 1;
  check('a', 20 * HOUR);
  expect(lines.map(({ shard }) => shard)).toEqual(['a', 'b', 'a']);
  expect(lines[2]?.msg).toMatch(
    /20\.0 h behind, and the source keeps records for 24\.0 h: unread records are lost in 4\.0 h/,
  );
});

test('past the retention it says that records are being lost', () => {
  const { lines, check } = setUp();
  check('a', 30 * HOUR);
  expect(lines[0]?.msg).toContain('unread records are being lost');
});

test('of a shard that is finished, or of which nothing is known, there is nothing to say', () => {
  const { lines, check, watch } = setUp();
  check('a', 30 * HOUR, true);
  watch.check('b', { finished: false }, DAY);
  expect(lines).toEqual([]);
});
