import { describe, expect, test } from 'vitest';
import type { StartPoint } from '../../../contracts/pipeline/options.ts';
import { Continuity } from '../../../sources/continuity.ts';
import type { SourceRecord } from '../../../sources/source.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 100 * DAY;
const retention = async () => DAY;

const position = (sequence: number) => ({ shardId: 'a', sequenceNumber: String(sequence) });
const after = (sequence: number, consumedUntil?: number): StartPoint => ({
  at: 'after',
  position: position(sequence),
  ...(consumedUntil === undefined ? {} : { consumedUntil }),
});
function page(...sequences: number[]) {
  const records = sequences.map((sequence): SourceRecord => ({
    position: position(sequence),
    arrivedAt: 0,
    partitionKey: 'key',
    data: new Uint8Array(),
  }));
  return { records, ended: false, lagMs: 0 };
}
function opened(start: StartPoint, notBefore?: number) {
  const continuity = new Continuity(start, notBefore, () => NOW);
  continuity.opened(true);
  return continuity;
}

describe('O10 a gap', () => {
  test.each([
    ['the last record is there still', after(3), page(3, 4), undefined],
    ['older records are there still', after(3), page(1, 2), undefined],
    ['only newer ones are there', after(3), page(7), { after: position(3), until: position(7) }],
    ['nothing is there, at the end', after(3), { ...page(), ended: true }, { after: position(3) }],
    ['nothing has come yet', after(3), page(), undefined],
    ['read up to what the source still has', after(3, NOW - DAY), page(7), undefined],
    ['read up to before that', after(3, NOW - DAY - 1), page(7), { after: position(3), until: position(7) }],
    ['nothing had been read', { at: 'horizon' } as const, page(7), undefined],
  ])('%s', async (_, start, first, gap) => {
    expect(await opened(start).gapBefore(first, retention)).toEqual(gap);
  });

  test('is none within what one iterator gives', async () => {
    const continuity = opened(after(3));
    continuity.advance(page(3), NOW);
    expect(await continuity.gapBefore(page(9), retention)).toBeUndefined();
  });

  test('of a shard that is gone has no end', async () => {
    expect(await opened(after(3)).gapToEnd(retention)).toEqual({ after: position(3) });
    expect(await opened({ at: 'horizon' }).gapToEnd(retention)).toEqual({});
    expect(await opened({ at: 'time', since: NOW - HOUR }).gapToEnd(retention)).toBeUndefined();
  });
});

describe('up to when a shard has been read', () => {
  test('is the time of asking less the lag', () => {
    const continuity = opened(after(3));
    continuity.advance({ ...page(3, 4), lagMs: HOUR }, NOW);
    expect(continuity.consumedUntil).toBe(NOW - HOUR);
  });

  test('is not known while it is not known what came before', () => {
    const continuity = opened(after(3));
    continuity.advance(page(), NOW);
    expect(continuity.consumedUntil).toBeUndefined();
    continuity.advance(page(7), NOW);
    expect(continuity.consumedUntil).toBe(NOW);
  });

  test('goes on from a time from which on the source has everything', () => {
    const continuity = opened(after(3, NOW - HOUR));
    continuity.advance(page(), NOW);
    expect(continuity.consumedUntil).toBe(NOW);
  });

  test('is not known where the service tells no lag', () => {
    const continuity = opened(after(3));
    continuity.advance({ records: page(3).records, ended: false }, NOW);
    expect(continuity.consumedUntil).toBeUndefined();
  });
});
