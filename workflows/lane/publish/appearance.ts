/**
 * What a lane publishes: the values of its search attributes and memo, and the markdown of its current details.
 */
import { formatPosition } from '../../../contracts/event/position.ts';
import type { SegmentRange } from '../../../contracts/lane/backlog.ts';
import { readFailure, type Failure } from '../../../contracts/event/failure.ts';
import { truncate } from '../../../lib/pure/text.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import type { LaneMemo, LaneView } from '../../../contracts/lane/view.ts';
import type { LanePhase } from '../../../contracts/lane/phase.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { depthOf } from '../core/backlog.ts';
import { LARGEST_WINDOW, waitingEvent, type BacklogView, type BacklogWindow } from '../../../contracts/lane/waiting.ts';
import { dataText } from '../../../contracts/event/data-text.ts';
import { codeBlock, codeSpan } from '../../../lib/pure/markdown.ts';
import { verbCommand } from '../../../contracts/lane/verb-command.ts';
import { visibleText } from '../../../lib/pure/visible.ts';
import { headFailure, readPhase } from '../core/machine.ts';

/** `KeylaneStatus`. Idle and running are both healthy, so that the attribute changes only when something is wrong. */
export type LaneStatus = 'healthy' | 'retrying' | 'blocked' | 'paused';

const NEXT_SHOWN = 10;
const FINGERPRINT_CHARS = 120;
const SHOWN_DATA_CHARS = 500;
const SHOWN_MESSAGE_CHARS = 2000;
const SHOWN_REASON_CHARS = 500;

export function statusOf(phase: LanePhase): LaneStatus {
  return phase.state === 'idle' || phase.state === 'running' ? 'healthy' : phase.state;
}

/**
 * `KeylaneError`: the same string for failures with the same cause, so that stuck keys can be grouped by it. What differs
 * from record to record (numbers, quoted values, long ids) is removed.
 */
export function fingerprint(failure: Failure): string {
  const { message, type } = readFailure(failure);
  const general = message
    .replace(/(["'`])(?:(?!\1).){1,200}\1/g, '$1…$1')
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, '#')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ');
  return truncate(visibleText(`${type}: ${general}`), FINGERPRINT_CHARS);
}

/** The current memo; null removes a field. */
export function memoChange(
  key: string,
  lane: LaneState,
): { [Field in keyof Required<Omit<LaneMemo, 'startId'>>]: LaneMemo[Field] | null } {
  const failing = headFailure(lane.phase);
  const head = lane.queue[0];
  if (failing === undefined || head === undefined) {
    return { key, position: null, attempts: null, failure: null, since: null };
  }
  const { stack: _stack, ...failure } = failing.failure;
  return {
    key,
    position: formatPosition(head.position),
    attempts: failing.attempts,
    failure,
    since: new Date(failing.since).toISOString(),
  };
}

export function viewOf(pipeline: string, key: string, lane: LaneState): LaneView {
  const [head, ...waiting] = lane.queue;
  const { segments, events, bytes } = lane.backlog ?? { segments: [], events: 0, bytes: 0 };
  return {
    pipeline,
    key,
    phase: readPhase(lane.phase),
    ...(head === undefined ? {} : { head }),
    waiting: waitingIn(lane),
    ...(segments.length === 0 ? {} : { segments: { count: countOf(segments), events, bytes } }),
    next: waiting.slice(0, NEXT_SHOWN).map((event) => waitingEvent(event)),
    handled: lane.handled,
    decisions: lane.decisions,
    marks: lane.marks,
  };
}

/** Number of events behind the head. */
export function waitingIn(lane: LaneState): number {
  return Math.max(0, depthOf(lane) - 1);
}

export function backlogViewOf(lane: LaneState, { skip, limit }: BacklogWindow): BacklogView {
  const { segments = [], taken = 0, tail = [], events = 0 } = lane.backlog ?? {};
  const end = skip + Math.min(limit, LARGEST_WINDOW);
  const before = lane.queue.length;
  const shown = (held: readonly LaneEvent[], first: number) =>
    held.slice(Math.max(0, skip - first), Math.max(0, end - first)).map((event) => waitingEvent(event));
  return {
    queue: shown(lane.queue, 0),
    before,
    segments,
    taken,
    tail: shown(tail, before + events),
    total: depthOf(lane),
  };
}

function countOf(segments: readonly SegmentRange[]): number {
  return segments.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** A few lines of markdown for the Temporal UI: what is stuck, and how to release it. */
export function detailsOf(pipeline: string, key: string, lane: LaneState): string {
  const { phase } = lane;
  const failing = headFailure(phase);
  const head = lane.queue[0];
  const waiting = waitingIn(lane);
  const lines: string[] = [];
  if (phase.state === 'idle' || phase.state === 'running') {
    lines.push(`**${phase.state}**, ${depthOf(lane)} in the lane`);
    if (lane.lost !== undefined) lines.push(`${lane.lost} The next event will be blocked to report this.`);
    return [...lines, ...refusal(lane)].join('\n\n');
  }
  lines.push(`**${phase.state}**, ${waiting} waiting behind the head`);
  if (phase.state === 'paused')
    lines.push(`Paused by ${codeSpan(phase.by)} ${at(phase.since)}${because(phase.reason)}`);
  if (failing !== undefined && head !== undefined) {
    const { message, type } = failing.failure;
    lines.push(
      `Record ${codeSpan(formatPosition(head.position))} fails ${at(failing.since)}, ${failing.attempts} attempts so far:`,
      codeBlock(truncate(`${type}: ${message}`, SHOWN_MESSAGE_CHARS)),
      'Its data:',
      codeBlock(truncate(dataText(head.data), SHOWN_DATA_CHARS)),
    );
  }
  lines.push(...refusal(lane), ...releases(pipeline, key, lane));
  return lines.join('\n\n');
}

/** The latest decision if it was refused: a signal has no other response. */
function refusal({ decisions }: LaneState): string[] {
  const latest = decisions.at(-1);
  if (latest?.outcome !== 'refused') return [];
  const { at: time, by, verb, why = '' } = latest;
  return [
    `**Refused**, nothing was changed: \`${verb}\` by ${codeSpan(by)} at ${new Date(time).toISOString()}:`,
    codeBlock(truncate(why, SHOWN_MESSAGE_CHARS)),
  ];
}

const RELEASES = [
  ['retry', 'To retry it, send the signal `retry`, or run:'],
  ['skip', 'To skip it, send the signal `skip`, or run:'],
  ['replace', 'To replace its data, send the signal `replace` with the input `{"data": {...}}`, or run:'],
] as const;

function releases(pipeline: string, key: string, { phase, queue: [head] }: LaneState): string[] {
  const target = { pipeline, key, name: `${pipeline}:${key}` };
  if (phase.state === 'paused') {
    return ['To resume it, send the signal `resume`, or run:', codeBlock(verbCommand('keylane', 'resume', target))];
  }
  if (phase.state !== 'blocked' || head === undefined) return [];
  const bound = { ...target, position: formatPosition(head.position) };
  return RELEASES.flatMap(([verb, how]) => [how, codeBlock(verbCommand('keylane', verb, bound))]);
}

function at(ms: number): string {
  return `since ${new Date(ms).toISOString()}`;
}

function because(reason: string | undefined): string {
  return reason === undefined ? '.' : `: ${codeSpan(truncate(reason, SHOWN_REASON_CHARS))}.`;
}
