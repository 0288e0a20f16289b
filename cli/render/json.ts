import type { Decision } from '../../contracts/lane/decision.ts';
import type { LanePhase } from '../../contracts/lane/phase.ts';
import type { Gap } from '../../contracts/pipeline/state.ts';
import { formatPosition, type Position } from '../../contracts/event/position.ts';
import { messageOf } from '../errors.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { BlockedLane } from '../../operations/lanes/blocked-lanes.ts';
import type { ObservedLane } from '../../operations/lanes/lane-view.ts';
import type { PipelineStatus } from '../../operations/pipelines/pipeline-status.ts';
import type { ObservedPooledKey } from '../../operations/pools/pooled-key.ts';
import type { PoolsStatus } from '../../operations/pools/pools.ts';
import { visibleJson } from './log-line.ts';
import { lossText } from './loss.ts';
import { iso } from './time.ts';

/*
 * What --json prints: the same data with times as ISO text and positions as they are typed. Fields may be added, and
 * never change their meaning.
 */

/** Without a character that a terminal acts on: in a string each is an escape, and says the same. */
export function jsonText(document: unknown): string {
  return visibleJson(JSON.stringify(document, undefined, 2));
}

/** What --json prints of an error: the exit code, the name of the error's class, and what standard error says. */
export function errorJson(error: unknown, code: ExitCode): object {
  const name = error instanceof Error ? error.name : 'Error';
  return { error: { code, name, message: messageOf(error).replace(/^error: /, '') } };
}

export function blockedJson(lane: BlockedLane, name: string): object {
  const { ended, since } = lane;
  return {
    name,
    ...lane,
    ...(since === undefined ? {} : { since: iso(since) }),
    ...(ended === undefined ? {} : { ended: withIsoTime(ended, 'at') }),
  };
}

/** The pools of a pipeline. */
export function poolsJson(pools: PoolsStatus): object {
  const { outage, release } = pools;
  return {
    ...pools,
    ...(outage === undefined ? {} : { outage: { ...withIsoTime(outage, 'since'), ...isoUntil(outage) } }),
    ...(release === undefined ? {} : { release: withIsoTime(release, 'since') }),
  };
}

function isoUntil({ until }: { readonly until?: number }): object {
  return until === undefined ? {} : { until: iso(until) };
}

/** A key that has no lane of its own. */
export function pooledKeyJson(pooled: ObservedPooledKey, name: string): object {
  const { view } = pooled;
  if (view.where === 'lane' || view.failing === undefined) return { name, ...pooled };
  const { failing } = view;
  const { hold, lastAt, nextAt } = failing;
  const times = { lastAt: iso(lastAt), ...(nextAt === undefined ? {} : { nextAt: iso(nextAt) }) };
  const held = hold === undefined ? {} : { hold: { since: iso(hold.since), until: iso(hold.until) } };
  return { name, ...pooled, view: { ...view, failing: { ...withIsoTime(failing, 'since'), ...times, ...held } } };
}

export function laneJson(lane: ObservedLane, name: string): object {
  const { head, ended } = lane;
  return {
    name,
    ...withIsoTime(lane, 'keptUntil'),
    phase: phaseJson(lane.phase),
    ...(head === undefined
      ? {}
      : { head: { ...head, position: formatPosition(head.position), arrivedAt: iso(head.arrivedAt) } }),
    next: lane.next.map((event) => ({ ...event, arrivedAt: iso(event.arrivedAt) })),
    decisions: lane.decisions.map(decisionJson),
    marks: Object.fromEntries(Object.entries(lane.marks).map(([shard, mark]) => [shard, formatPosition(mark)])),
    ...(ended === undefined ? {} : { ended: withIsoTime(ended, 'at') }),
  };
}

export function decisionJson(decision: Decision): object {
  return { ...decision, at: iso(decision.at) };
}

export function statusJson(status: PipelineStatus): object {
  const { paused, ended, otherStream, pools, unordered } = status;
  return {
    ...status,
    ...(pools === undefined ? {} : { pools: poolsJson(pools) }),
    quarantined: status.quarantined ?? null,
    ...(paused === undefined ? {} : { paused: withIsoTime(paused, 'since') }),
    ...(ended === undefined ? {} : { ended: withIsoTime(ended, 'at') }),
    ...(otherStream === undefined ? {} : { otherStream: withIsoTime(otherStream, 'since') }),
    ...(unordered === undefined ? {} : { unordered: withIsoTime(unordered, 'since') }),
    shards: status.shards.map((shard) => withPositions(withIsoTime(shard, 'consumedUntil'), shard, ['checkpoint'])),
    gaps: { ...status.gaps, latest: status.gaps.latest.map(gapJson) },
    warnings: status.warnings.map((warning) => ({ ...warning, message: lossText(warning, status.retentionMs) })),
  };
}

function gapJson(gap: Gap): object {
  return withPositions(withIsoTime(gap, 'at'), gap, ['after', 'until']);
}

function withPositions<Name extends string>(
  json: object,
  value: { readonly [K in Name]?: Position },
  names: readonly Name[],
): object {
  const positions = names.flatMap((name) => {
    const position = value[name];
    return position === undefined ? [] : [[name, formatPosition(position)] as const];
  });
  return { ...json, ...Object.fromEntries(positions) };
}

function phaseJson(phase: LanePhase): object {
  if (phase.state === 'idle' || phase.state === 'running') return phase;
  if (phase.state !== 'paused' || phase.held === undefined) return withIsoTime(phase, 'since');
  return { ...withIsoTime(phase, 'since'), held: withIsoTime(phase.held, 'since') };
}

function withIsoTime<Name extends string>(value: { readonly [K in Name]?: number }, name: Name): object {
  const at = value[name];
  return { ...value, ...(at === undefined ? {} : { [name]: iso(at) }) };
}
