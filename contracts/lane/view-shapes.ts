/** Parsers of the answers of a lane's queries. */
import {
  count,
  list,
  number,
  object,
  optional,
  parseOrThrow,
  record,
  string,
  type Shape,
} from '../../lib/pure/shape.ts';
import { laneEvent, position, size } from '../event/shapes.ts';
import { endedRun } from '../run-shapes.ts';
import { laneDecision, phase, segmentRange } from './shapes.ts';
import type { LaneView } from './view.ts';
import type { BacklogView, WaitingEvent } from './waiting.ts';

const waitingEvent: Shape<WaitingEvent> = object<WaitingEvent>({ position: string, arrivedAt: number, size });

const laneView: Shape<LaneView> = object<LaneView>({
  pipeline: string,
  key: string,
  recovering: optional(endedRun),
  phase,
  head: optional(laneEvent),
  waiting: count,
  segments: optional(object<NonNullable<LaneView['segments']>>({ count, events: count, bytes: number })),
  next: list(waitingEvent),
  handled: count,
  decisions: list(laneDecision),
  marks: record(position),
});

/** @throws {InvalidValueError} */
export function parseLaneView(value: unknown): LaneView {
  return parseOrThrow(laneView, value, 'The answer of a lane');
}

const backlogView: Shape<BacklogView> = object<BacklogView>({
  queue: list(waitingEvent),
  before: count,
  segments: list(segmentRange),
  taken: count,
  tail: list(waitingEvent),
  total: count,
});

/** @throws {InvalidValueError} */
export function parseBacklogView(value: unknown): BacklogView {
  return parseOrThrow(backlogView, value, 'The answer of a lane');
}
