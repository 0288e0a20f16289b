import type { Gap } from '../../contracts/pipeline/state.ts';
import { formatPosition, type Position } from '../../contracts/event/position.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import { otherStreamText, unorderedText } from '../../contracts/pipeline/stream-identity.ts';
import type { Gaps } from '../../operations/pipelines/gaps.ts';
import type { OtherPipeline } from '../../operations/pipelines/registry.ts';
import type { LaneCounts, PipelineStatus } from '../../operations/pipelines/pipeline-status.ts';
import type { PoolsStatus } from '../../operations/pools/pools.ts';
import type { ReadError } from '../../operations/pipelines/readers.ts';
import type { ShardStatus } from '../../operations/pipelines/shards.ts';
import { failingPoolLines } from './failing-pools.ts';
import { lossText } from '../../operations/pipelines/warnings.ts';
import type { Paint, Style } from './style.ts';
import { table } from './table.ts';
import { indent, plural, printable, shortPosition } from './text.ts';
import { span } from '../../lib/pure/span.ts';
import { ago } from './time.ts';

export interface StatusContext {
  readonly style: Style;
  readonly now: number;
}

export function renderStatus(
  statuses: readonly PipelineStatus[],
  context: StatusContext,
  others: readonly OtherPipeline[] = [],
): string {
  const sections = statuses.map((status) => renderPipeline(status, context));
  if (others.length > 0) sections.push(othersText(others, context.style));
  return sections.join('\n\n');
}

function othersText(others: readonly OtherPipeline[], style: Style): string {
  const each = others.map(({ blocked, pipeline }) => {
    const keys = blocked === 0 ? '' : ` (${style.red(`${blocked} blocked`)})`;
    return `${visibleName(pipeline)}${keys}`;
  });
  return `${style.dim('Other pipelines, not in the settings (--pipeline NAME shows one):')} ${each.join(', ')}`;
}

function renderPipeline(status: PipelineStatus, context: StatusContext): string {
  const { style } = context;
  const source = status.source === undefined ? '' : style.dim(` from ${status.source}`);
  const lines = [`${style.bold(status.pipeline)}  ${stateText(status, context)}${source}`];
  if (status.state === 'not started') return [...lines, ...notStarted(status)].join('\n');
  lines.push(
    indent(`lanes       ${lanesText(status.lanes, style)}`),
    ...(status.endedLanes > 0 ? [indent(`            ${style.red(endedText(status.endedLanes))}`)] : []),
    indent(`quarantine  ${quarantineText(status, style)}`),
  );
  if (status.pools !== undefined) lines.push(...poolLines(status.pools, context).map((line) => indent(line)));
  if (status.quarantineProblem !== undefined) lines.push(indent(`            ${style.red(status.quarantineProblem)}`));
  if (status.gaps.count > 0) lines.push(indent(`gaps        ${gapsText(status.gaps, context)}`));
  const { filtered } = status.records;
  if (filtered > 0) lines.push(indent(`filter      ${plural(filtered, 'record')} dropped`));
  if (status.shards.length > 0) lines.push(indent(shardTable(status, style)));
  if (status.state === 'unknown') {
    lines.push(indent(style.yellow('No worker answers: is `keylane bridge` (or start, dev) running?')));
  }
  lines.push(
    ...streamLines(status, context).map((line) => indent(style.red(line))),
    ...status.warnings.map((warning) => indent(style.yellow(lossText(warning, status.retentionMs)))),
    ...status.readErrors.map((readError) => indent(style.red(problemText(readError)))),
    ...status.shards.flatMap(({ shardId, readError }) =>
      readError === undefined ? [] : [indent(style.red(`Shard ${shardId} cannot be read: ${printable(readError)}`))],
    ),
  );
  return lines.join('\n');
}

function streamLines(
  { otherStream, pipeline, source, stream, unordered }: PipelineStatus,
  { now }: StatusContext,
): string[] {
  const lines: string[] = [];
  if (otherStream !== undefined && stream !== undefined) {
    lines.push(
      `Reading stopped ${ago(otherStream.since, now)}. ${otherStreamText(pipeline, stream, otherStream.found)}`,
    );
  }
  if (unordered !== undefined) {
    lines.push(
      `Keys are out of order, first seen ${ago(unordered.since, now)}: ${unorderedText(source ?? 'the source')}`,
    );
  }
  return lines.map((line) => printable(line));
}

function notStarted({ lanes }: PipelineStatus): string[] {
  const open = lanes.healthy + lanes.retrying + lanes.blocked + lanes.paused;
  const left = open === 0 ? '' : ` It has ${plural(open, 'open lane')}.`;
  return [indent(`Its source has not been read yet: run \`keylane start\`.${left}`)];
}

function stateText(status: PipelineStatus, { style, now }: StatusContext): string {
  switch (status.state) {
    case 'reading':
      return `${style.green('reading')}, ${plural(status.readers, 'reader')}`;
    case 'paused': {
      const { paused } = status;
      const who = paused === undefined ? '' : ` ${ago(paused.since, now)} by ${printable(paused.by)}`;
      return style.yellow(`paused${who}${paused?.reason === undefined ? '' : ` (${printable(paused.reason)})`}`);
    }
    case 'stopped':
      return style.red('stopped');
    case 'ended': {
      const at = status.ended?.at;
      return style.red(`terminated externally (${status.ended?.how})${at === undefined ? '' : ` ${ago(at, now)}`}`);
    }
    case 'not started':
      return style.yellow('not started');
    case 'unknown':
      return style.yellow(`running, ${plural(status.readers, 'reader')}`);
  }
}

function endedText(count: number): string {
  return `${plural(count, 'lane')} with queued events ${count === 1 ? 'was' : 'were'} terminated, failed or timed out: \`keylane blocked\``;
}

function lanesText(lanes: LaneCounts, style: Style): string {
  const count = (number: number, name: string, paint: Paint): string =>
    number === 0 ? style.dim(`0 ${name}`) : paint(`${number} ${name}`);
  return [
    `${lanes.healthy} healthy`,
    count(lanes.retrying, 'retrying', style.yellow),
    count(lanes.blocked, 'blocked', style.red),
    count(lanes.paused, 'paused', style.yellow),
  ].join(', ');
}

function poolLines(pools: PoolsStatus, { style, now }: StatusContext): string[] {
  const { count, fullOfMovedKeys, lost, moved, silent, waiting } = pools;
  const quiet = silent === 0 ? '' : style.yellow(`, ${silent} do not answer`);
  const lines = [
    `pools       ${count}, ${plural(waiting, 'event')} in progress, ${plural(moved, 'key')} moved out${quiet}`,
  ];
  if (fullOfMovedKeys > 0) {
    const are = fullOfMovedKeys === 1 ? 'accepts' : 'accept';
    const what = `${plural(fullOfMovedKeys, 'pool')} ${are} no more records: too many of their keys have their own lane (keylane blocked)`;
    lines.push(`            ${style.red(what)}`);
  }
  lines.push(...failingPoolLines(pools, style, now).map((line) => `            ${line}`));
  return [...lines, ...lost.map((text) => `            ${style.red(printable(text))}`)];
}

function quarantineText({ quarantined }: PipelineStatus, style: Style): string {
  if (quarantined === undefined) return '?';
  return quarantined === 0 ? style.dim('empty') : style.red(`${plural(quarantined, 'record')} without a usable key`);
}

function gapsText({ count, latest }: Gaps, { style, now }: StatusContext): string {
  const last = latest.at(-1);
  const where = last === undefined ? '' : `, the latest ${ago(last.at, now)}: ${gapText(last, style)}`;
  return style.red(`${count}${where}`);
}

function gapText({ shardId, after, until }: Gap, style: Style): string {
  const from = after === undefined ? 'its beginning' : withinShard(after, style);
  const to = until === undefined ? 'its end' : withinShard(until, style);
  return `records of ${shardId} from ${from} to ${to} expired before they were read`;
}

/** Finished shards are counted and not listed: a busy stream has hundreds of them. */
function shardTable({ shards, warnings }: PipelineStatus, style: Style): string {
  const warned = new Set(warnings.map(({ shardId }) => shardId));
  const open = shards.filter(({ state }) => state !== 'finished');
  const finished = shards.length - open.length;
  const lines = finished === 0 ? [] : [style.dim(`${plural(finished, 'shard')} finished`)];
  if (open.length > 0)
    lines.unshift(
      table(['SHARD', 'STATE', 'LAG', 'UNTIL LOSS', 'CHECKPOINT'], open.map(shardRow(style, warned)), style),
    );
  return lines.join('\n');
}

function shardRow(style: Style, warned: ReadonlySet<string>) {
  const paint: Record<ShardStatus['state'], Paint> = {
    reading: style.green,
    waiting: style.dim,
    finished: style.dim,
    gone: style.red,
  };
  return (shard: ShardStatus): string[] => {
    const { shardId, untilLossMs } = shard;
    const untilLoss = untilLossMs === undefined ? '-' : span(untilLossMs);
    return [
      shardId,
      paint[shard.state](shard.state),
      shard.lagMs === undefined ? '-' : span(shard.lagMs),
      warned.has(shardId) ? style.yellow(untilLoss) : untilLoss,
      shard.checkpoint === undefined ? '-' : withinShard(shard.checkpoint, style),
    ];
  };
}

/** A position without its shard, which is named beside it. */
function withinShard(position: Position, style: Style): string {
  const at = formatPosition(position).slice(position.shardId.length + 1);
  return style.width === undefined ? at : shortPosition(`:${at}`).slice(1);
}

function problemText({ activity, attempt, message }: ReadError): string {
  const what = activity === 'readShards' ? 'Reading' : 'Listing the shards';
  return `${what} fails, attempt ${attempt}: ${printable(message)}`;
}
