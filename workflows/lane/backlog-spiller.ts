/**
 * Keeps what a lane holds itself short: moves its backlog into segments, and takes it back from them.
 *
 * Owns the segments that this run starts, and whether it may start any. The lane's state is its host's, and changes while
 * a segment is started: so it is read and written anew after each wait.
 */
import { patched, sleep } from '@temporalio/workflow';
import { DEFAULT_SEGMENT_LIMITS, type SegmentLimits, type SegmentSlice } from '../../contracts/lane/backlog.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import { segmentWorkflowId } from '../../contracts/names.ts';
import type { LaneRemains } from '../../contracts/recovery.ts';
import {
  halfOf,
  isLong,
  latestSegment,
  leftFrom,
  movedToSegment,
  nextSegments,
  remainsOf,
  takenBack,
  withTail,
} from './core/backlog.ts';
import { segmentLost } from './core/loss.ts';
import type { Work } from './core/machine.ts';
import { Segments } from '../shared/segments/segments.ts';
import type { Ended } from './execution/work.ts';

/** A backlog that could not be read is read again after this. */
const READ_AGAIN_MS = 30_000;

export interface LaneCell {
  lane: LaneState;
}

export class BacklogSpiller {
  readonly #pipeline: string;
  readonly #segments: Segments<LaneEvent>;
  readonly #limits: SegmentLimits;
  readonly #onInput: () => void;
  /** Runs that began before there were segments have none. Undefined until it matters. */
  #hasSegments: boolean | undefined;
  /** The backlog could not be read just now. */
  #readsLater = false;

  /** @param onInput is called when the backlog may be read again */
  constructor({ pipeline, key, options, carried }: LaneInput, onInput: () => void) {
    this.#pipeline = pipeline;
    this.#onInput = onInput;
    // Counted on from run to run: so all segments of a backlog are one range, however many they become.
    const latest = latestSegment(carried);
    this.#segments = new Segments(pipeline, (events) => ({ version: 1, pipeline, key, events }), latest);
    this.#limits = options.segments ?? DEFAULT_SEGMENT_LIMITS;
  }

  /** Known when something was to be moved. */
  get hasSegments(): boolean {
    return this.#hasSegments === true;
  }

  /** A lane that moves needs no segments: what it holds is worked off before its run has to end. */
  isTooLong(lane: LaneState): boolean {
    const { state } = lane.phase;
    const isStuck = state === 'blocked' || state === 'retrying' || state === 'paused';
    return this.#hasSegments !== false && isStuck && isLong(lane, this.#limits);
  }

  /** Moves some of the backlog out of this run. Returns whether there was anything that could go. */
  async move(cell: LaneCell): Promise<boolean> {
    this.#hasSegments ??= patched('segments');
    if (!this.#hasSegments) return false;
    cell.lane = withTail(cell.lane, this.#limits);
    const held = await Promise.all(
      nextSegments(cell.lane, this.#limits).map(async (events) => {
        return { count: events.length, segment: await this.#segments.hold(events) };
      }),
    );
    // What came meanwhile has gone behind them.
    for (const { count, segment } of held) cell.lane = movedToSegment(cell.lane, count, segment);
    return held.length > 0;
  }

  remains(lane: LaneState): Pick<LaneRemains, 'queue' | 'state' | 'tail'> {
    return remainsOf(lane, this.#limits);
  }

  leftFrom(lane: LaneState, from: number): readonly LaneEvent[] {
    return leftFrom(lane, this.#limits, from);
  }

  mayRead(work: Work): boolean {
    return work.kind !== 'slice' || !this.#readsLater;
  }

  sliceFor({ segment, from }: Work & { readonly kind: 'slice' }): SegmentSlice {
    return { segment: segmentWorkflowId(this.#pipeline, segment), from, limits: halfOf(this.#limits) };
  }

  async takeBack(cell: LaneCell, { answer, segment }: Ended & { readonly kind: 'slice' }): Promise<void> {
    // Somebody decides, or the run ends; it is read anew then.
    if (answer === 'stopped') return;
    if (answer === undefined) {
      this.#readsLater = true;
      void sleep(READ_AGAIN_MS).then(() => {
        this.#readsLater = false;
        this.#onInput();
      });
    } else if (answer === 'gone') {
      cell.lane = segmentLost(cell.lane, `Events of this key that waited in ${segment} are gone: it was deleted.`);
    } else {
      cell.lane = takenBack(cell.lane, answer);
      if (answer.last) await this.#segments.close(segment);
    }
  }
}
