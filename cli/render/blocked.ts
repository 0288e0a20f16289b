import { visibleName } from '../../lib/pure/visible.ts';
import type { BlockedLane, BlockedLanes } from '../../operations/lanes/blocked-lanes.ts';
import { causesOf, type Cause } from '../../operations/lanes/causes.ts';
import type { FailingPools } from '../../operations/pools/failing-pools.ts';
import { failingPoolLines } from './failing-pools.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';
import { cut, indent, plural, printable, shortPosition } from './text.ts';
import { span } from '../../lib/pure/span.ts';

const MIN_CAUSE_WIDTH = 24;
const OTHER_COLUMNS_WIDTH = 78;

const ENDED =
  'Lanes that were terminated, failed or timed out do nothing until the next event of their key, or a verb such as ' +
  '`keylane retry KEY`, starts them again with all that they held. Temporal deletes what they held after its retention.';

export interface BlockedContext {
  /** How a key is typed back. */
  readonly nameOf: (lane: BlockedLane) => string;
  readonly style: Style;
  readonly now: number;
  /** Pools whose keys fail without being blocked yet. */
  readonly failing?: readonly FailingPools[];
}

/** The blocked keys, the longest blocked first, and below them the causes that they share. */
export function renderBlocked({ lanes, total }: BlockedLanes, context: BlockedContext): string {
  const { style, now, nameOf } = context;
  const failing = failingSections(context);
  if (lanes.length === 0) {
    const none = 'No key is blocked.';
    return failing.length === 0 ? style.green(none) : [none, ...failing].join('\n\n');
  }
  const { width } = style;
  const rows = lanes.map((lane) => [
    style.bold(visibleName(nameOf(lane))),
    lane.since === undefined ? '?' : span(now - lane.since),
    String(lane.attempts ?? '?'),
    lane.exact ? String(lane.waiting) : `${lane.waiting}+`,
    visibleName(width === undefined ? (lane.position ?? '?') : shortPosition(lane.position ?? '?')),
    style.red(causeCell(lane, width)),
  ]);
  const parts = [table(['KEY', 'BLOCKED FOR', 'ATTEMPTS', 'WAITING', 'RECORD', 'CAUSE'], rows, style)];
  if (lanes.length < total)
    parts.push(style.dim(`${total - lanes.length} more keys are blocked: --limit 0 lists all.`));
  if (lanes.some((lane) => lane.ended !== undefined)) parts.push(style.yellow(ENDED));
  const causes = causesOf(lanes);
  if (causes.length < lanes.length) parts.push(renderCauses(causes, style));
  if (lanes.some((lane) => !lane.exact)) {
    parts.push(style.yellow('No worker answered: WAITING is the count at the time the key got blocked.'));
  }
  return [...parts, ...failing].join('\n\n');
}

/** A section for each pipeline whose pools have failing keys that are not blocked. */
function failingSections({ failing = [], now, style }: BlockedContext): string[] {
  return failing.map(({ pipeline, pools }) => {
    const lines = failingPoolLines(pools, style, now).map((line) => indent(line));
    return [
      `${style.bold(visibleName(pipeline))}  ${style.red('keys are failing that are not blocked yet')}`,
      ...lines,
    ].join('\n');
  });
}

function causeCell(lane: BlockedLane, width: number | undefined): string {
  const { ended, failure } = lane;
  const cause = printable(failure === undefined ? (lane.cause ?? '?') : `${failure.type}: ${failure.message}`);
  const text = ended === undefined ? cause : `${ended.how}, to be started again${cause === '?' ? '' : `; ${cause}`}`;
  return width === undefined ? text : cut(text, Math.max(MIN_CAUSE_WIDTH, width - OTHER_COLUMNS_WIDTH));
}

function renderCauses(causes: readonly Cause[], style: Style): string {
  const rows = causes.map(({ pipeline, cause, keys }) => [String(keys), visibleName(pipeline), printable(cause)]);
  return `${style.bold(plural(causes.length, 'cause'))}\n${table(['KEYS', 'PIPELINE', 'CAUSE'], rows, style)}`;
}
