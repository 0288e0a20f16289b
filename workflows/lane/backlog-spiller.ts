/**
 * Keeps short what a lane holds itself: starts segments with its backlog, and reads them again.
 *
 * Owns the numbering of the segments that this run starts, and the wait after a segment could not be read. The lane's
 * state belongs to its host: what comes of a wait is returned, and the host applies it to the lane as it is by then.
 */
import { sleep } from '@temporalio/workflow';
import { type SegmentLimits, type SegmentName, type SegmentSlice } from '../../contracts/lane/backlog.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { VERSION } from '../../contracts/version.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import { segmentWorkflowId } from '../../contracts/names.ts';
import { halfOf, isLong, latestSegment, movedToSegment, nextSegments, takenBack, withTail } from './core/backlog.ts';
import { segmentLost } from './core/loss.ts';
import type { Work } from './core/machine.ts';
import { Segments } from '../shared/segments/segments.ts';
import { itemsOf, snapshotOf } from './snapshot.ts';
import type { Ended } from './execution/work-in-flight.ts';

/** After a backlog could not be read, it is read again when this time has passed. */
const READ_AGAIN_MS = 30_000;

/** The first events of a tail, by now in a segment. */
export interface Spilled {
  readonly count: number;
  readonly segment: SegmentName;
}

export class BacklogSpiller {
  readonly #pipeline: string;
  readonly #segments: Segments<LaneEvent>;
  readonly #limits: SegmentLimits;
  readonly #onInput: () => void;
  /** The backlog could not be read just now. */
  #readsLater = false;

  /** @param onInput is called when the backlog may be read again */
  constructor({ pipeline, key, options, carried }: LaneInput, onInput: () => void) {
    this.#pipeline = pipeline;
    this.#onInput = onInput;
    // Counted on from run to run: so all segments of a backlog are one range, however many they become.
    const latest = latestSegment(carried);
    this.#segments = new Segments(pipeline, (events) => ({ version: VERSION, pipeline, key, events }), latest);
    this.#limits = options.segments;
  }

  /** A lane that moves needs no segments: what it holds is handled before its run has to end. */
  isTooLong(lane: LaneState): boolean {
    const { state } = lane.phase;
    const isStuck = state === 'blocked' || state === 'retrying' || state === 'paused';
    return isStuck && isLong(lane, this.#limits);
  }

  /** What segments are filled from, set apart from what the lane keeps. */
  withTail(lane: LaneState): LaneState {
    return withTail(lane, this.#limits);
  }

  /**
   * Starts segments with some of the lane's tail, a few at a time: no verb waits for a long backlog to be moved.
   * @returns what is in segments by then; nothing when the tail is too short
   */
  async spill(lane: LaneState): Promise<readonly Spilled[]> {
    return await Promise.all(
      nextSegments(lane, this.#limits).map(async (events) => {
        return { count: events.length, segment: await this.#segments.hold(events) };
      }),
    );
  }

  snapshot(lane: LaneState): ReturnType<typeof snapshotOf> {
    return snapshotOf(lane, this.#limits);
  }

  items(lane: LaneState): readonly LaneEvent[] {
    return itemsOf(lane, this.#limits);
  }

  mayRead(work: Work): boolean {
    return work.kind !== 'slice' || !this.#readsLater;
  }

  sliceFor({ segment, from }: Work & { readonly kind: 'slice' }): SegmentSlice {
    return { segment: segmentWorkflowId(this.#pipeline, segment), from, limits: halfOf(this.#limits) };
  }

  /** The lane after a segment was read. */
  afterReading(lane: LaneState, { answer, segment }: Ended & { readonly kind: 'slice' }): LaneState {
    // Stopped for a verb, or for the end of the run: it is read anew.
    if (answer === 'stopped') return lane;
    if (answer === 'gone')
      return segmentLost(lane, `Events of this key that waited in ${segment} are gone: it was deleted.`);
    if (answer !== undefined) return takenBack(lane, answer);
    this.#readsLater = true;
    void sleep(READ_AGAIN_MS).then(() => {
      this.#readsLater = false;
      this.#onInput();
    });
    return lane;
  }

  /** Completes a segment of which the lane has all events again. To be called once the lane has them (B2). */
  async close({ answer, segment }: Ended & { readonly kind: 'slice' }): Promise<void> {
    if (typeof answer === 'object' && answer.last) await this.#segments.close(segment);
  }
}

/** The lane when events of its tail are in segments. What it accepted meanwhile is behind them. */
export function withSpilled(lane: LaneState, spilled: readonly Spilled[]): LaneState {
  return spilled.reduce((before, { count, segment }) => movedToSegment(before, count, segment), lane);
}
