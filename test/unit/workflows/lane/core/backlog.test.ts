import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { jsonBytes } from '../../../../../lib/pure/json-bytes.ts';
import type { LaneEvent } from '../../../../../contracts/event/event.ts';
import { DEFAULT_SEGMENT_LIMITS } from '../../../../../contracts/lane/backlog.ts';
import { MAX_SNAPSHOT_PAGE } from '../../../../../contracts/run.ts';
import type { LaneState } from '../../../../../contracts/lane/state.ts';
import {
  depthOf,
  isLong,
  latestSegment,
  movedToSegment,
  nextSegments,
  withTail,
} from '../../../../../workflows/lane/core/backlog.ts';
import { itemsOf, snapshotOf } from '../../../../../workflows/lane/snapshot.ts';
import { snapshotPage } from '../../../../../workflows/shared/recovery/snapshot.ts';
import { segmentLost, recoveredState } from '../../../../../workflows/lane/core/loss.ts';
import { accept, emptyLane, next, batchStarted } from '../../../../../workflows/lane/core/machine.ts';
import { FAILING, laneEvent, laneEvents, OPTIONS, recordsSignal, SHARD } from '../../../../support/lane-events.ts';

const LIMITS = { events: 10, bytes: 100_000 };
const MAX_CARRIED = 256 * 1024;

function largeEvents(count: number, size: number, character = '#'): LaneEvent[] {
  const text = character.repeat(size);
  return Array.from({ length: count }, (_, index) => ({ ...laneEvent(index + 1, SHARD, text), size }));
}

function laneWith(events: readonly LaneEvent[]): LaneState {
  return accept(emptyLane(0), recordsSignal(events), OPTIONS);
}

function allPages(lane: LaneState, items: number): (readonly LaneEvent[])[] {
  const pages: (readonly LaneEvent[])[] = [];
  const all = itemsOf(lane, DEFAULT_SEGMENT_LIMITS);
  for (let from = 0; from < items; from += pages.at(-1)!.length) pages.push(snapshotPage(all, from));
  return pages;
}

/** As the spiller does, with segments that are there at once. */
function allMoved(lane: LaneState, limits = DEFAULT_SEGMENT_LIMITS): LaneState {
  let moved = withTail(lane, limits);
  for (let started = nextSegments(moved, limits); started.length > 0; started = nextSegments(moved, limits)) {
    for (const events of started) {
      const { epoch, number } = latestSegment(moved) ?? { epoch: 'e', number: 0 };
      moved = movedToSegment(moved, events.length, { epoch, number: number + 1 });
    }
  }
  return moved;
}

describe('O1 O5 a lane whose run was terminated', () => {
  test('while its first segment was being started has in its queue again what was to go there', () => {
    const lane = withTail(laneWith(laneEvents(1, 25)), LIMITS);
    expect(lane.backlog).toMatchObject({ segments: [], tail: { length: 20 } });
    const after = recoveredState(lane);
    expect(after.backlog).toBeUndefined();
    expect(after.queue).toEqual(laneEvents(1, 25));
  });

  test('while it worked goes on with the same events in the same order, however many it held', () => {
    const lane = batchStarted(laneWith(laneEvents(1, 20_000)), 100);
    const { state, items } = snapshotOf(lane, DEFAULT_SEGMENT_LIMITS);
    expect(jsonBytes(state)).toBeLessThan(MAX_CARRIED);
    const pages = allPages(lane, items);
    expect(pages.length).toBeGreaterThan(3);
    for (const page of pages) expect(jsonBytes(page)).toBeLessThan(MAX_SNAPSHOT_PAGE.bytes * 1.1);
    expect(state.queued).toBe(0);
    const { isolateNext, phase, queue } = recoveredState(state.lane);
    expect([...queue, ...pages.flat()]).toEqual(lane.queue);
    expect({ isolateNext, phase }).toEqual({ isolateNext: 100, phase: { state: 'idle' } });
  });

  test('gives an event that is larger than a page alone', () => {
    const lane = laneWith(largeEvents(4, MAX_SNAPSHOT_PAGE.bytes * 2));
    const { state, items } = snapshotOf(lane, DEFAULT_SEGMENT_LIMITS);
    expect(items - state.queued).toBe(3);
    expect(allPages(lane, items).map(({ length }) => length)).toEqual(Array.from({ length: items }, () => 1));
    expect(snapshotPage(itemsOf(lane, DEFAULT_SEGMENT_LIMITS), items)).toEqual([]);
  });
});

describe('O9 what a lane carries from run to run', () => {
  test.each([
    { what: 'small events', events: laneEvents(1, 30_000) },
    { what: 'events of 1 KiB', events: largeEvents(4000, 1024) },
    { what: 'events of 30 KiB', events: largeEvents(100, 30 * 1024) },
    { what: 'events of 64 KiB', events: largeEvents(60, 64 * 1024) },
  ])('is well below 256 KiB when its backlog has gone into segments: $what', ({ events }) => {
    const blocked = { ...laneWith(events), phase: { state: 'blocked', ...FAILING } as const };
    expect(isLong(blocked, DEFAULT_SEGMENT_LIMITS)).toBe(true);
    const lane = allMoved(blocked);
    expect(isLong(lane, DEFAULT_SEGMENT_LIMITS)).toBe(false);
    expect(depthOf(lane)).toBe(events.length);
    expect(jsonBytes(lane)).toBeLessThan(0.6 * MAX_CARRIED);
  });

  test('does not grow with the number of segments, which are counted on from run to run', () => {
    const lane = allMoved(laneWith(laneEvents(1, 500)), { events: 2, bytes: 1000 });
    expect(lane.backlog?.segments).toEqual([{ epoch: 'e', first: 1, last: expect.any(Number) }]);
    expect(lane.backlog!.segments[0]!.last).toBeGreaterThan(200);
  });
});

test('a lane has no work that it could not find: whatever waits is in its queue or behind a segment (B3)', () => {
  let lane = recoveredState(withTail(laneWith(laneEvents(1, 25)), LIMITS));
  lane = { ...lane, queue: lane.queue.slice(5) };
  expect(next(lane, OPTIONS)).toMatchObject({ kind: 'batch', events: { length: 20 } });
});

test('what is told of lost segments stays short, however many they are', () => {
  let lane = { ...laneWith([]), backlog: { ...withTail(laneWith(laneEvents(1, 25)), LIMITS).backlog!, tail: [] } };
  lane = { ...lane, backlog: { ...lane.backlog, segments: [{ epoch: 'e', first: 1, last: 5000 }] } };
  let left: LaneState = lane;
  for (let number = 1; number <= 5000; number += 1) left = segmentLost(left, `Segment ${number} is gone.`);
  expect(left.backlog).toBeUndefined();
  expect(left.lost).toMatch(/^Segment 1 is gone\. Segment 2 is gone\. .* And more\.$/);
  expect(left.lost!.length).toBeLessThan(1100);
});

test('bytes in a payload are those of UTF-8', () => {
  for (const text of ['plain', 'ä\u07ff', '漢字 \uffff', '🙂', '"quoted" \n \u0001']) {
    expect(jsonBytes([text])).toBe(Buffer.byteLength(JSON.stringify([text])));
  }
  // A half of a pair is written as an escape.
  expect(jsonBytes(['\ud83d'])).toBe(Buffer.byteLength(JSON.stringify(['\ud83d'])));
});

describe('O5 O9 segments that are started together', () => {
  const tailOf = (events: readonly LaneEvent[]): LaneState => {
    const lane = emptyLane(0);
    return { ...lane, backlog: { segments: [], taken: 0, events: 0, bytes: 0, tail: events } };
  };

  test('are all full but for one that is alone, and hold the tail from its beginning', () => {
    expect(nextSegments(tailOf(laneEvents(1, 7)), LIMITS)).toEqual([laneEvents(1, 7)]);
    expect(nextSegments(tailOf(laneEvents(1, 27)), LIMITS)).toEqual([laneEvents(1, 10), laneEvents(11, 20)]);
    expect(nextSegments(tailOf([]), LIMITS)).toEqual([]);
    expect(nextSegments(tailOf(laneEvents(1, 500)), LIMITS)).toHaveLength(8);
  });

  test('fit into one message to the server, whatever is in them', () => {
    // Each quote takes two bytes.
    for (const events of [largeEvents(200, 60_000), largeEvents(200, 60_000, '"')]) {
      const started = nextSegments(tailOf(events), DEFAULT_SEGMENT_LIMITS);
      expect(started.length).toBeGreaterThan(2);
      expect(started.flat()).toEqual(events.slice(0, started.flat().length));
      expect(jsonBytes(started)).toBeLessThan(2.1 * 1024 * 1024);
    }
  });
});
