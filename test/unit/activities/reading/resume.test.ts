import { expect, test } from 'vitest';
import { resume } from '../../../../activities/reading/resume.ts';
import type { ReaderInput } from '../../../../contracts/pipeline/reading.ts';

const at = (shardId: string, sequenceNumber: string) => ({ shardId, sequenceNumber });
const input: ReaderInput = {
  pipeline: 'orders',
  shards: [
    { shardId: 'a', start: { at: 'horizon' } },
    { shardId: 'b', start: { at: 'after', position: at('b', '3') } },
    { shardId: 'c', start: { at: 'horizon' } },
  ],
  shiftMs: 1000,
  heartbeatTimeoutMs: 1000,
};
const counts = { read: 9, taken: 8, quarantined: 1 };

test('a first attempt begins where the workflow says', () => {
  expect(resume(input, undefined)).toEqual({ shards: input.shards, finished: {} });
});

test('O4: a later attempt goes on from the last heartbeat', () => {
  const heartbeat = {
    shards: {
      a: { finished: false, ...counts },
      b: { checkpoint: at('b', '7'), finished: false, lagMs: 5, ...counts },
    },
  };
  expect(resume(input, heartbeat).shards).toEqual([
    { shardId: 'a', start: { at: 'horizon' } },
    { shardId: 'b', start: { at: 'after', position: at('b', '7') } },
    { shardId: 'c', start: { at: 'horizon' } },
  ]);
});

test('O2: a shard that an earlier attempt has finished is not read again, and is reported as finished again', () => {
  const heartbeat = {
    shards: {
      a: { finished: true, ...counts },
      b: { checkpoint: at('b', '9'), finished: true, ...counts },
    },
  };
  expect(resume(input, heartbeat)).toEqual({
    shards: [{ shardId: 'c', start: { at: 'horizon' } }],
    finished: {
      a: { finished: true, read: 0, taken: 0, quarantined: 0 },
      b: { checkpoint: at('b', '9'), finished: true, read: 0, taken: 0, quarantined: 0 },
    },
  });
});

test('O10: what earlier attempts have told of a shard is told on: gaps, and up to when it was read', () => {
  const gap = (n: string) => ({ shardId: 'a', after: at('a', n), at: 5 });
  const [a] = input.shards;
  const given = { ...input, shards: [{ ...a!, consumedUntil: 100, gaps: [gap('1')] }] };
  expect(resume(given, undefined).shards).toEqual(given.shards);
  const heartbeat = { shards: { a: { finished: false, consumedUntil: 200, gaps: [gap('1'), gap('2')], ...counts } } };
  expect(resume(given, heartbeat).shards).toEqual([{ ...a, consumedUntil: 200, gaps: [gap('1'), gap('2')] }]);
  const ended = { shards: { a: { ...heartbeat.shards.a, finished: true } } };
  expect(resume(given, ended).finished).toMatchObject({
    a: { consumedUntil: 200, gaps: [gap('1'), gap('2')], taken: 0 },
  });
});
