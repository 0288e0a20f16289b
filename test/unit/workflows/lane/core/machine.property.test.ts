/**
 * A lane under random traffic: signals with resends, records out of their order, failures, lost processes, verbs, and runs that continue as new.
 * A small host stands in for Temporal; what it hands to the handler must be the stream, with the decisions applied.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPosition } from '../../../../../contracts/event/position.ts';
import type { Outcome } from '../../../../../contracts/execution/outcome.ts';
import type { LaneState } from '../../../../../contracts/lane/state.ts';
import type { VerbName } from '../../../../../contracts/names.ts';
import type { LaneEvent } from '../../../../../contracts/event/event.ts';
import {
  append,
  depthOf,
  movedToSegment,
  nextSegments,
  takenBack,
  withTail,
} from '../../../../../workflows/lane/core/backlog.ts';
import { itemsOf, snapshotOf, type LaneSnapshot } from '../../../../../workflows/lane/snapshot.ts';
import { snapshotPage } from '../../../../../workflows/shared/recovery/snapshot.ts';
import { withoutClaimsToDelete } from '../../../../../workflows/lane/core/claims.ts';
import { recoveredState } from '../../../../../workflows/lane/core/loss.ts';
import { act, bind, judge, type Verb } from '../../../../../workflows/lane/verbs/decide.ts';
import {
  accept,
  emptyLane,
  eventFailed,
  eventStopped,
  eventSucceeded,
  headFetched,
  next,
  batchEnded,
  batchStarted,
} from '../../../../../workflows/lane/core/machine.ts';
import { FAILURE, laneEvent, OPTIONS, POLICY, recordsSignal } from '../../../../support/lane-events.ts';

type Step =
  | { do: 'send'; count: number; again: number }
  | { do: 'bring'; count: number; again: number }
  | { do: 'work'; done: number; end: 'all' | 'fail' | 'final' | 'stop' | 'lost' }
  | { do: 'verb'; name: VerbName; redriveSequence: boolean }
  | { do: 'move'; isCutOff: boolean }
  | { do: 'take over' }
  | { do: 'delete' }
  | { do: 'continue as new' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.nat(4), again: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bring' as const), count: fc.nat(3), again: fc.nat(4) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('work' as const),
      done: fc.nat(4),
      end: fc.constantFrom('all' as const, 'fail' as const, 'final' as const, 'stop' as const, 'lost' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('verb' as const),
      name: fc.constantFrom('retry' as const, 'skip' as const, 'replace' as const, 'pause' as const, 'resume' as const),
      redriveSequence: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), isCutOff: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take over' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('continue as new' as const) }) },
);

/** Of three events one has its data in the store, and one in the source. */
function eventOf(n: number): LaneEvent {
  const event = laneEvent(n);
  const claim = { name: `claim-${n}`, sha256: '', preview: '' };
  return [event, { ...event, data: { claim } }, { ...event, data: { sourceOnly: { preview: '' } } }][n % 3]!;
}

function nameOf({ data }: LaneEvent): string | undefined {
  return 'claim' in data ? data.claim.name : undefined;
}

/** A shard of which the lane has had much later records than those that the quarantine brings. */
const PASSED_SHARD = 'shardId-000000000001';
const FAR_AHEAD = 1_000_000;

/** A record that the quarantine brings. */
function redrivenEvent(n: number): LaneEvent {
  return { ...laneEvent(n, PASSED_SHARD), redriveSequence: String(n) };
}

function idOf({ redriveSequence, position }: LaneEvent): string {
  return redriveSequence === undefined ? position.sequenceNumber : `late ${redriveSequence}`;
}

/** Small, so that a few events are a long backlog. */
const LIMITS = { events: 3, bytes: 10_000 };

class Model {
  lane: LaneState = emptyLane(0);
  sent = 0;
  lastRedriven = 0;
  /** What the lane was sent, each for the first time. */
  readonly arrived: string[] = [];
  /** What the handler finished, as `sequence` or `sequence*` for replaced data. */
  readonly handled: string[] = [];
  readonly decided = new Map<string, 'skipped' | 'replaced'>();
  lastVerb: Verb | undefined;
  /** What is in each segment. */
  readonly segments = new Map<number, readonly LaneEvent[]>();
  started = 0;
  moved = 0;
  /** Names of what is in the store of large events. */
  readonly stored = new Set<string>();

  apply(step: Step): void {
    switch (step.do) {
      case 'send':
        return this.send(step.count, step.again);
      case 'bring':
        return this.bring(step.count, step.again);
      case 'work':
        return this.work(step.done, step.end);
      case 'verb':
        return this.verb(step.name, step.redriveSequence);
      case 'move':
        return this.move(step.isCutOff);
      case 'take over':
        return this.recover();
      case 'delete':
        return this.delete();
      case 'continue as new':
        this.lane = JSON.parse(JSON.stringify(this.lane)) as LaneState;
    }
  }

  send(count: number, again: number): void {
    const from = Math.max(1, this.sent + 1 - again);
    const events = [];
    for (let n = from; n <= this.sent + count; n += 1) events.push(eventOf(n));
    if (count > 0) this.arrived.push(...events.slice(-count).map(idOf));
    this.sent += count;
    for (const name of events.map(nameOf)) if (name !== undefined) this.stored.add(name);
    this.lane = accept(this.lane, recordsSignal(events), OPTIONS);
  }

  /** As `send`, for what comes out of its order. */
  bring(count: number, again: number): void {
    if (this.lastRedriven === 0) {
      this.lane = accept(this.lane, recordsSignal([laneEvent(FAR_AHEAD, PASSED_SHARD)]), OPTIONS);
      if (!this.arrived.includes(String(FAR_AHEAD))) this.arrived.push(String(FAR_AHEAD));
    }
    const events = [];
    for (let n = Math.max(1, this.lastRedriven + 1 - again); n <= this.lastRedriven + count; n += 1)
      events.push(redrivenEvent(n));
    if (count > 0) this.arrived.push(...events.slice(-count).map(idOf));
    this.lastRedriven += count;
    this.lane = accept(this.lane, recordsSignal(events), OPTIONS);
  }

  /** By the run that comes after one that was terminated externally. */
  recover(): void {
    const terminated = this.lane;
    const { state, items } = snapshotOf(terminated, LIMITS);
    this.lane = recoveredState((JSON.parse(JSON.stringify(state)) as LaneSnapshot).lane);
    for (let from = 0; from < items;) {
      const events = snapshotPage(itemsOf(terminated, LIMITS), from);
      this.lane = { ...this.lane, ...append(this.lane, events) };
      from += events.length;
    }
  }

  move(isCutOff: boolean): void {
    this.lane = withTail(this.lane, LIMITS);
    const held = nextSegments(this.lane, LIMITS);
    if (held.length === 0) return;
    const numbers = held.map((events) => {
      this.started += 1;
      this.segments.set(this.started, events);
      return this.started;
    });
    // More may come while the segments are started.
    this.send(1, 0);
    // The run was ended before it knew that the segments are there, which nobody will ask for then.
    if (isCutOff) return this.recover();
    for (const [index, events] of held.entries()) {
      this.lane = movedToSegment(this.lane, events.length, { epoch: 'e', number: numbers[index]! });
      this.moved += events.length;
    }
  }

  /** Of two events at the most, so that a segment comes back in parts. */
  takeBack(number: number, from: number): void {
    const left = this.segments.get(number)!.slice(from);
    const events = left.slice(0, 2);
    const last = events.length === left.length;
    this.lane = takenBack(this.lane, { events, last });
    if (last) this.segments.delete(number);
  }

  work(done: number, end: string): void {
    const work = next(this.lane, { ...OPTIONS, maxBatchEvents: 4 });
    if (work.kind === 'none') return;
    if (work.kind === 'slice') return this.takeBack(work.segment.number, work.from);
    if (work.kind === 'fetch') return this.fetch(work.event, end);
    if (work.kind === 'event') {
      if (end === 'all') {
        this.finish(1);
        this.lane = eventSucceeded(this.lane);
      } else if (end === 'stop' || end === 'lost') this.lane = eventStopped(this.lane, work.failing.attempts + 1);
      else this.lane = eventFailed(this.lane, FAILURE, POLICY.maxAttempts);
      return;
    }
    expect(work.events.every(({ data }) => !('sourceOnly' in data))).toBe(true);
    const { length } = work.events;
    const isWhole = end === 'all' || done >= length;
    const count = isWhole ? length : done;
    this.finish(count);
    const failure = { ...FAILURE, nonRetryable: end === 'final' };
    const progress = { succeeded: count, ...(end === 'lost' ? { lostBefore: true as const } : {}) };
    const outcome: Outcome =
      isWhole || end === 'stop' || end === 'lost'
        ? { kind: isWhole ? 'succeeded' : 'stopped', ...progress }
        : { kind: 'failed', ...progress, failure, attempts: 1 };
    this.lane = batchEnded(batchStarted(this.lane, length), outcome, POLICY, 1);
  }

  fetch({ position }: LaneEvent, end: string): void {
    const claim = { name: `claim-${position.sequenceNumber}`, sha256: '', preview: '' };
    const failure = { ...FAILURE, nonRetryable: true };
    const isFirst = this.lane.phase.state === 'idle';
    if (isFirst) this.lane = batchStarted(this.lane, 1);
    if (end === 'all') {
      this.stored.add(claim.name);
      this.lane = headFetched(this.lane, { claim });
    } else if (isFirst) {
      const outcome: Outcome =
        end === 'stop' ? { kind: 'stopped', succeeded: 0 } : { kind: 'failed', succeeded: 0, failure, attempts: 1 };
      this.lane = batchEnded(this.lane, outcome, POLICY, 1);
    } else if (end === 'stop') this.lane = eventStopped(this.lane, 1);
    else this.lane = eventFailed(this.lane, failure, 1);
  }

  delete(): void {
    const names = this.lane.claimsToDelete ?? [];
    for (const name of names) this.stored.delete(name);
    this.lane = withoutClaimsToDelete(this.lane, names);
    expect(this.lane.claimsToDelete).toBeUndefined();
  }

  finish(count: number): void {
    for (const event of this.lane.queue.slice(0, count)) {
      const name = nameOf(event);
      if (name !== undefined) expect(this.stored).toContain(name);
      const isReplaced = event.replaced !== undefined;
      this.handled.push(`${idOf(event)}${isReplaced ? '*' : ''}`);
    }
  }

  verb(name: VerbName, redriveSequence: boolean): void {
    // A late verb is one that was meant for a head of some steps ago.
    const fresh = bind(this.lane, { name, args: { data: 'new' } });
    const verb = redriveSequence && this.lastVerb !== undefined ? this.lastVerb : fresh;
    this.lastVerb = fresh;
    if (judge(this.lane, verb, false).kind !== 'act') return;
    const head = this.lane.queue[0];
    const sequence = head && idOf(head);
    if (verb.args.position !== undefined && head !== undefined) {
      expect(verb.args.position).toBe(formatPosition(head.position));
    }
    this.lane = act(this.lane, verb, 1, OPTIONS);
    if (sequence === undefined) return;
    if (verb.name === 'skip') this.decided.set(sequence, 'skipped');
    if (verb.name === 'replace') this.decided.set(sequence, 'replaced');
  }

  /** Wherever they lie. */
  waiting(): readonly LaneEvent[] {
    const { queue, backlog } = this.lane;
    const { segments = [], taken = 0, tail = [] } = backlog ?? {};
    const numbers = segments.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    );
    const held = numbers.flatMap((number) => this.segments.get(number)!).slice(taken);
    expect(held).toHaveLength(backlog?.events ?? 0);
    expect(depthOf(this.lane)).toBe(queue.length + held.length + tail.length);
    return [...queue, ...held, ...tail];
  }

  /** Data that an event or a decision names and that is not in the store. */
  missing(): string[] {
    const claimed = this.lane.decisions.flatMap(({ claimBefore }) => (claimBefore === undefined ? [] : [claimBefore]));
    const names = [...claimed, ...this.waiting().map(nameOf)];
    return names.filter((name) => name !== undefined && !this.stored.has(name)) as string[];
  }

  /** Everything that was sent or brought, in the order of arrival, as the decisions say it should have been handled. */
  expected(): string[] {
    return this.arrived
      .filter((sequence) => this.decided.get(sequence) !== 'skipped')
      .map((sequence) => (this.decided.get(sequence) === 'replaced' ? `${sequence}*` : sequence));
  }
}

test('O1 O4 O5 O6 O11 the handler sees the stream in order, each event once, as decided, and its data is there', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const model = new Model();
      for (const one of steps) model.apply(one);
      // At any moment: what is done and what waits together are all that was sent, in order.
      const waiting = model.waiting().map((event) => `${idOf(event)}${event.replaced === undefined ? '' : '*'}`);
      expect([...model.handled, ...waiting]).toEqual(model.expected());
      expect(model.missing()).toEqual([]);
      // And it can always be brought to an end.
      model.verb('resume', false);
      for (let n = 0; depthOf(model.lane) > 0 && n < 1000; n += 1) {
        if (model.lane.phase.state === 'blocked') model.verb('retry', false);
        model.work(4, 'all');
      }
      expect(model.handled).toEqual(model.expected());
      model.delete();
      // Of what was skipped or replaced the decisions name the data. What came again while segments were there may stay.
      const kept = new Set([...model.decided.keys()].map((sequence) => `claim-${sequence}`));
      if (model.started === 0) expect([...model.stored].filter((name) => !kept.has(name))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
