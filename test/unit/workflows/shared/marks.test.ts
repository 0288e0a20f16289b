import { describe, expect, test } from 'vitest';
import { DEFAULT_LANE_OPTIONS } from '../../../../contracts/lane/options.ts';
import { DEFAULT_QUARANTINE_LIMITS } from '../../../../contracts/quarantine/options.ts';
import { accept, emptyLane } from '../../../../workflows/lane/core/machine.ts';
import { checkpointsOf, forgetOldMarks, isFromFormerReader, marksAhead } from '../../../../workflows/shared/marks.ts';
import { emptyQuarantine, keep } from '../../../../workflows/quarantine/state.ts';
import { keylessRecords, laneEvents } from '../../../support/lane-events.ts';

const at = (shardId: string, sequenceNumber: string) => ({ shardId, sequenceNumber });

test('O6 a mark is remembered until the durable checkpoint of its shard has passed it', () => {
  const marks = { a: at('a', '10'), b: at('b', '10'), c: at('c', '10'), d: at('d', '10') };
  const ahead = marksAhead(marks, {
    a: { ended: false, position: at('a', '9') },
    b: { ended: false, position: at('b', '10') },
    c: { ended: true },
    d: { ended: false },
  });
  expect(Object.keys(ahead)).toEqual(['a', 'd']);
});

test('O6 of a shard that the pipeline knows no more there is nothing to remember: it has been taken over whole', () => {
  expect(marksAhead({ a: at('a', '10') }, checkpointsOf(['a'], {}))).toEqual({});
});

test('O6 a mark that came while the checkpoints were asked for is remembered', () => {
  const marks = { a: at('a', '10'), fresh: at('fresh', '1') };
  expect(Object.keys(marksAhead(marks, checkpointsOf(['a'], { a: { ended: true } })))).toEqual(['fresh']);
});

test('O6 in a lane that is at work a mark is forgotten only when it has been behind for a while', () => {
  const memory = { marks: { a: at('a', '10'), b: at('b', '10'), c: at('c', '10') }, behindSince: { a: 100, b: 900 } };
  const checkpoints = { a: { ended: true }, b: { ended: true }, c: { ended: true } } as const;
  const left = forgetOldMarks(memory, checkpoints, 1000, 500);
  expect(Object.keys(left.marks)).toEqual(['b', 'c']);
  expect(left.behindSince).toEqual({ b: 900, c: 1000 });
});

test('O6 a mark that is ahead again is not behind any more', () => {
  const memory = { marks: { a: at('a', '20') }, behindSince: { a: 100 } };
  const checkpoints = { a: { ended: false, position: at('a', '10') } } as const;
  expect(forgetOldMarks(memory, checkpoints, 10_000, 500)).toEqual({ marks: memory.marks, behindSince: {} });
});

describe('a request whose sender stopped being the reader of its shard', () => {
  const MARGIN_MS = 1000;
  const REMEMBERS_SINCE = 50_000;

  test('O6 is dropped when the marks of its time may have been forgotten', () => {
    expect(isFromFormerReader(REMEMBERS_SINCE - MARGIN_MS - 1, MARGIN_MS, REMEMBERS_SINCE)).toBe(true);
  });

  test('O4 is accepted as long as there is a doubt: dropping it wrongly would lose it', () => {
    for (const leaseUntil of [REMEMBERS_SINCE - MARGIN_MS, REMEMBERS_SINCE - 1, REMEMBERS_SINCE, Infinity]) {
      expect(isFromFormerReader(leaseUntil, MARGIN_MS, REMEMBERS_SINCE), String(leaseUntil)).toBe(false);
    }
  });

  test('O4 O6 a lane goes by that rule', () => {
    const options = { ...DEFAULT_LANE_OPTIONS, leaseMarginMs: MARGIN_MS };
    const sentBy = (leaseUntil: number) =>
      accept(emptyLane(REMEMBERS_SINCE), { leaseUntil, events: laneEvents(1, 2) }, options).queue.length;
    expect(sentBy(REMEMBERS_SINCE - MARGIN_MS - 1)).toBe(0);
    expect(sentBy(REMEMBERS_SINCE - MARGIN_MS)).toBe(2);
  });

  test('O4 O6 the quarantine goes by that rule', () => {
    const limits = { ...DEFAULT_QUARANTINE_LIMITS, leaseMarginMs: MARGIN_MS };
    const sentBy = (leaseUntil: number) =>
      keep(emptyQuarantine(REMEMBERS_SINCE), { leaseUntil, records: keylessRecords(1, 2) }, limits).records.length;
    expect(sentBy(REMEMBERS_SINCE - MARGIN_MS - 1)).toBe(0);
    expect(sentBy(REMEMBERS_SINCE - MARGIN_MS)).toBe(2);
  });
});
