import type { EventData, LaneEvent } from '../../contracts/event/event.ts';
import type { Decision } from '../../contracts/lane/decision.ts';
import type { HeadFailure, LanePhase } from '../../contracts/lane/phase.ts';
import { DATA_GONE, LARGE_EVENT } from '../../contracts/event/large-events.ts';
import type { VerbName } from '../../contracts/names.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import type { EndedRun } from '../../contracts/run.ts';
import { verbCommand } from '../../contracts/lane/verb-command.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import type { ObservedLane } from '../../operations/lanes/lane-view.ts';
import { renderData } from './event-data.ts';
import type { Style } from './style.ts';
import { rowsOf, table } from './table.ts';
import { folded, indent, plural, printable } from './text.ts';
import { span } from '../../lib/pure/span.ts';
import { ago, iso } from './time.ts';

export interface LaneContext {
  /** How the key is typed. */
  readonly name: string;
  /** The beginning of commands that are suggested. */
  readonly program: string;
  readonly style: Style;
  readonly now: number;
  /** Show all of the data. */
  readonly full: boolean;
}

/** One lane: state, head with its data, failure, queue, latest decisions, and how to unblock it. */
export function renderLane(lane: ObservedLane, context: LaneContext): string {
  const failing = failureOf(lane.phase);
  const sections = [
    headline(lane, context),
    lane.head === undefined ? undefined : headSection(lane.head, lane.keptUntil, context),
    failing === undefined ? undefined : failureSection(failing, context),
    lane.waiting === 0 ? undefined : waitingSection(lane, context),
    lane.decisions.length === 0 ? undefined : decisionsSection(lane.decisions, context),
    lane.ended === undefined ? unblockSection(lane, context) : restartSection(lane, context),
  ];
  return sections.filter((section) => section !== undefined).join('\n\n');
}

/** The failure of the head, also while the lane is paused. */
function failureOf(phase: LanePhase): HeadFailure | undefined {
  if (phase.state === 'blocked' || phase.state === 'retrying') return phase;
  return phase.state === 'paused' ? phase.held : undefined;
}

function headline(lane: ObservedLane, { name, style, now }: LaneContext): string {
  const handled = `${plural(lane.handled, 'event')} handled`;
  if (lane.ended !== undefined) {
    const when = lane.ended.at === undefined ? '' : ` ${ago(lane.ended.at, now)}`;
    const how = lane.ended.how === 'COMPLETED' ? `closed when idle${when}` : `${lane.ended.how}${when}`;
    return `${style.bold(visibleName(name))}  ${how}, ${handled}`;
  }
  const state =
    lane.recovering === undefined ? stateText(lane.phase, style, now) : recoveringText(lane.recovering, style, now);
  return `${style.bold(visibleName(name))}  ${state}, ${handled}`;
}

function recoveringText({ at, how }: EndedRun, style: Style, now: number): string {
  return style.yellow(
    `recovering from a run that was terminated externally (${how} ${ago(at, now)}); what follows is incomplete`,
  );
}

function stateText(phase: LanePhase, style: Style, now: number): string {
  switch (phase.state) {
    case 'idle':
      return style.green('idle');
    case 'running':
      return style.green(`running ${plural(phase.count, 'event')}`);
    case 'retrying':
      return style.yellow(`retrying for ${span(now - phase.since)}, ${plural(phase.attempts, 'attempt')}`);
    case 'blocked':
      return style.red(`blocked for ${span(now - phase.since)}, ${plural(phase.attempts, 'attempt')}`);
    case 'paused': {
      const reason = phase.reason === undefined ? '' : ` (${printable(phase.reason)})`;
      return style.yellow(`paused ${ago(phase.since, now)} by ${printable(phase.by)}${reason}`);
    }
  }
}

function headSection(head: LaneEvent, keptUntil: number | undefined, { style, now, full }: LaneContext): string {
  const replaced = head.replaced === undefined ? '' : `, replaced ${plural(head.replaced, 'time')}`;
  return [
    `${style.bold('Head')}  ${formatPosition(head.position)}`,
    indent(`arrived ${ago(head.arrivedAt, now)} (${iso(head.arrivedAt)}), ${plural(head.size, 'byte')}${replaced}`),
    ...dataLocation(head.data, keptUntil, now).map((line) => indent(line)),
    indent(folded(renderData(head.data, full), style.width)),
  ].join('\n');
}

/** A retry helps once the operator has done what their messages say. */
const NOT_RETRYABLE: ReadonlySet<string> = new Set([LARGE_EVENT, DATA_GONE]);

/** Where the data is, if it is not in Temporal. */
function dataLocation(data: EventData, keptUntil: number | undefined, now: number): string[] {
  if ('claim' in data) return [`in the store of large events: ${printable(data.claim.name)}`, 'it begins with:'];
  if (!('sourceOnly' in data)) return [];
  const left = keptUntil === undefined ? 0 : keptUntil - now;
  const until =
    keptUntil === undefined
      ? 'until its retention ends'
      : `until ${iso(keptUntil)} (${left > 0 ? `in ${span(left)}` : `${ago(keptUntil, now)}: it may be gone`})`;
  const where = data.sourceOnly.stored === undefined ? 'in no store' : 'maybe not in the store yet';
  return [`${where}; the source keeps it ${until}`, 'it begins with:'];
}

function failureSection({ failure }: HeadFailure, { style }: LaneContext): string {
  const title = `${failure.type}: ${failure.message}`;
  const hint = failure.nonRetryable && !NOT_RETRYABLE.has(failure.type) ? style.dim(' (not retryable)') : '';
  const [first = '', ...more] = folded(printable(title), style.width, 'Failure  '.length).split('\n');
  const lines = [
    `${style.bold('Failure')}  ${style.red([first, ...more.map((line) => indent(line))].join('\n'))}${hint}`,
  ];
  // A stack begins with the message again.
  const frames = failure.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  if (frames.length > 0) {
    const stack = printable(frames.map((frame) => frame.trim()).join('\n'), 'lines');
    lines.push(indent(folded(stack, style.width)));
  }
  return lines.join('\n');
}

function waitingSection(lane: ObservedLane, { style, now }: LaneContext): string {
  const rows = lane.next.map(({ position, arrivedAt, size }) => [position, ago(arrivedAt, now), `${size} B`]);
  const more = lane.waiting - lane.next.length;
  const list = table(['RECORD', 'ARRIVED', 'SIZE'], rows, style);
  return [
    `${style.bold('Waiting')}  ${plural(lane.waiting, 'event')} behind the head`,
    indent(list),
    ...(more > 0 ? [indent(style.dim(`and ${more} more`))] : []),
  ].join('\n');
}

function decisionsSection(decisions: readonly Decision[], { style, now }: LaneContext): string {
  const rows = decisions
    .toReversed()
    .map((decision) => [
      ago(decision.at, now),
      decision.verb,
      printable(decision.by),
      decision.outcome === 'done' ? decision.stateAfter : style.yellow('refused'),
      printable(decision.position ?? ''),
      printable([decision.reason, decision.why].filter((each) => each !== undefined).join('; ')),
    ]);
  const list = table(['WHEN', 'VERB', 'BY', 'RESULT', 'RECORD', 'WHY'], rows, style);
  return `${style.bold('Decisions')}\n${indent(list)}`;
}

const CHOICES: readonly (readonly [VerbName, string])[] = [
  ['retry', 'try it again'],
  ['skip', 'drop it'],
  ['replace', 'give it new data'],
];

function unblockSection(lane: ObservedLane, { name, program, style }: LaneContext): string | undefined {
  const { phase, head, pipeline, key } = lane;
  if (phase.state === 'paused') {
    return `${style.bold('To resume')}\n${indent(verbCommand(program, 'resume', { name, pipeline, key }))}`;
  }
  if (phase.state !== 'blocked' || head === undefined) return undefined;
  const position = formatPosition(head.position);
  // The meaning is not a comment behind the command: zsh would pass a pasted `#` on as an argument.
  const rows = CHOICES.map(([verb, meaning]) => [
    style.dim(meaning),
    verbCommand(program, verb, { name, pipeline, key, position }),
  ]);
  return `${style.bold('To unblock')}\n${indent(rowsOf(rows))}`;
}

/** For a lane that was terminated, failed or timed out while it held events. */
function restartSection(lane: ObservedLane, { name, program, style }: LaneContext): string | undefined {
  const { ended, head, key, pipeline } = lane;
  if (ended === undefined || ended.how === 'COMPLETED' || head === undefined) return undefined;
  const position = formatPosition(head.position);
  const command = verbCommand(program, 'retry', { name, pipeline, key, position });
  return `${style.bold('To start it again')} with all that it held; the key's next event does that, too\n${indent(command)}`;
}
