/** What became of a record after a verb: a decision is made at once, and the record is handled or fails a moment later. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Failure } from '../../contracts/event/failure.ts';
import type { Decision } from '../../contracts/lane/decision.ts';
import type { HeadFailure, LanePhase, LaneStateName } from '../../contracts/lane/phase.ts';
import type { VerbName } from '../../contracts/names.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import type { NamedKey } from '../lanes/named-key.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { NoSuchLaneError } from '../errors.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import { laneView, type ObservedLane } from '../lanes/lane-view.ts';

export interface Outcome {
  /** `unknown`: no worker answered. */
  readonly record: 'handled' | 'skipped' | 'failed again' | 'not done yet' | 'unknown';
  /** Of the key now; `ended` when nothing is left to do. */
  readonly lane: LaneStateName | 'ended';
  /** Events of the key that are not handled; this record is one of them until it is done. */
  readonly waiting: number;
  /** Why the head fails: this record, or the one that came to the head after it. */
  readonly failure?: Failure;
  readonly attempts?: number;
  /** The record that is at the head now. */
  readonly head?: string;
}

/** A decision of which the outcome is waited for. */
export interface Decided {
  readonly key: NamedKey;
  readonly decision: Decision;
}

const ASK_EVERY_MS = 250;
const ANSWER_TIMEOUT_MS = 5000;
const AT_ONCE = 8;
const WAITED_FOR: ReadonlySet<VerbName> = new Set(['retry', 'skip', 'replace']);

/** Of each, in the same order; undefined for a verb that does nothing to a record. Waits until `until` for all of them. */
export async function outcomes(
  client: Client,
  decided: readonly Decided[],
  until: number,
): Promise<(Outcome | undefined)[]> {
  return await mapBounded(decided, AT_ONCE, async (each) =>
    WAITED_FOR.has(each.decision.verb) ? await outcome(client, each, until) : undefined,
  );
}

async function outcome(client: Client, { decision, key }: Decided, until: number): Promise<Outcome> {
  let handledAtFirst: number | undefined;
  for (;;) {
    const lane = await look(client, key);
    if (lane === 'no worker') return { record: 'unknown', lane: decision.stateAfter, waiting: 0 };
    if (lane === 'gone') return { record: passed(decision), lane: 'ended', waiting: 0 };
    handledAtFirst ??= lane.handled;
    const seen = outcomeIn(lane, decision);
    if (isSettled(seen, lane.handled - handledAtFirst) || Date.now() >= until) return seen;
    await delay(Math.min(ASK_EVERY_MS, Math.max(1, until - Date.now())));
  }
}

async function look(client: Client, { pipeline, key }: NamedKey): Promise<ObservedLane | 'gone' | 'no worker'> {
  try {
    return await laneView(client, pipeline, key, ANSWER_TIMEOUT_MS);
  } catch (error) {
    if (error instanceof NoSuchLaneError) return 'gone';
    if (error instanceof NoWorkerError) return 'no worker';
    throw error;
  }
}

function outcomeIn(lane: ObservedLane, decision: Decision): Outcome {
  const head = lane.head === undefined ? undefined : formatPosition(lane.head.position);
  const isAtHead = head !== undefined && head === decision.position && lane.ended === undefined;
  const failing = failureOf(lane.phase);
  return {
    record: isAtHead && decision.verb !== 'skip' ? stillThere(lane.phase) : passed(decision),
    lane: lane.ended === undefined ? lane.phase.state : 'ended',
    waiting: head === undefined ? 0 : lane.waiting + 1,
    ...(failing === undefined ? {} : { failure: failing.failure, attempts: failing.attempts }),
    ...(head === undefined ? {} : { head }),
  };
}

function stillThere(phase: LanePhase): Outcome['record'] {
  return phase.state === 'blocked' ? 'failed again' : 'not done yet';
}

function passed({ verb }: Decision): Outcome['record'] {
  return verb === 'skip' ? 'skipped' : 'handled';
}

/** After a skip the next event says whether the key goes on. */
function isSettled({ lane, record, waiting }: Outcome, handledSince: number): boolean {
  if (record === 'not done yet') return lane === 'paused';
  if (record === 'skipped') return waiting === 0 || handledSince > 0 || lane === 'blocked' || lane === 'paused';
  return true;
}

function failureOf(phase: LanePhase): HeadFailure | undefined {
  if (phase.state === 'blocked' || phase.state === 'retrying') return phase;
  return phase.state === 'paused' ? phase.held : undefined;
}
