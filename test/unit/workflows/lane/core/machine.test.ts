import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../../../contracts/event/failure.ts';
import type { Outcome } from '../../../../../contracts/execution/outcome.ts';
import type { LanePhase, LaneStateName } from '../../../../../contracts/lane/phase.ts';
import type { LaneState } from '../../../../../contracts/lane/state.ts';
import { VERBS } from '../../../../../contracts/names.ts';
import { act, bind, judge, refused, type Verb } from '../../../../../workflows/lane/verbs/decide.ts';
import {
  accept,
  emptyLane,
  eventFailed,
  eventLost,
  eventStopped,
  eventSucceeded,
  next,
  batchEnded,
  batchStarted,
} from '../../../../../workflows/lane/core/machine.ts';
import { blockedByLoss } from '../../../../../workflows/lane/core/loss.ts';
import {
  ImpossibleTransitionError,
  TRANSITIONS,
  type LaneInputName,
} from '../../../../../workflows/lane/core/transitions.ts';
import {
  FAILING,
  FAILURE,
  laneEvent,
  laneEvents,
  OPTIONS,
  POLICY,
  recordsSignal,
  SHARD,
} from '../../../../support/lane-events.ts';

const PHASES: Record<LaneStateName, LanePhase> = {
  idle: { state: 'idle' },
  running: { state: 'running', count: 2 },
  retrying: { state: 'retrying', ...FAILING },
  blocked: { state: 'blocked', ...FAILING },
  paused: { state: 'paused', since: 1, by: 'ann', held: { state: 'blocked', ...FAILING } },
};
const STATES = Object.keys(PHASES) as LaneStateName[];

function laneIn(state: LaneStateName, count = 3): LaneState {
  const full = accept(emptyLane(0), recordsSignal(laneEvents(1, count)), OPTIONS);
  return { ...full, phase: PHASES[state] };
}

const verb = (name: Verb['name'], args: Verb['args'] = {}): Verb => ({
  name,
  args: { data: { fixed: true }, ...args },
});
const head = `${SHARD}:1`;
const failedAfter = (succeeded: number, failure: Failure): Outcome => ({
  kind: 'failed',
  succeeded,
  failure,
  attempts: 1,
});

const STEPS: Record<Exclude<LaneInputName, (typeof VERBS)[number]>, (lane: LaneState) => LaneState> = {
  accept: (lane) => accept(lane, recordsSignal([laneEvent(9)]), OPTIONS),
  batchStarted: (lane) => batchStarted(lane, 2),
  batchEnded: (lane) => batchEnded(lane, { kind: 'succeeded', succeeded: 2 }, POLICY, 5),
  eventSucceeded: (lane) => eventSucceeded(lane),
  eventFailed: (lane) => eventFailed(lane, FAILURE, 3),
  eventStopped: (lane) => eventStopped(lane, 2),
  loss: (lane) => blockedByLoss({ ...lane, lost: 'Events are missing.' }, POLICY, 5),
};

describe('O1 every cell of the transition table', () => {
  for (const state of STATES) {
    for (const input of Object.keys(STEPS) as (keyof typeof STEPS)[]) {
      const allowed = TRANSITIONS[state][input];
      if (allowed === undefined) {
        test(`${state}: ${input} is impossible`, () => {
          expect(() => STEPS[input](laneIn(state))).toThrow(/lane that is|cannot become/);
        });
      } else {
        test(`${state}: ${input} leads to ${allowed.join(' or ')}`, () => {
          expect(allowed).toContain(STEPS[input](laneIn(state)).phase.state);
        });
      }
    }
    for (const name of VERBS) {
      const allowed = TRANSITIONS[state][name];
      if (allowed === undefined) {
        test(`O11 ${state}: ${name} is refused, or work is stopped first`, () => {
          const verdict = judge(laneIn(state), verb(name, { position: head }), state === 'running');
          expect(verdict.kind).not.toBe('act');
        });
      } else {
        test(`O11 ${state}: ${name} leads to ${allowed.join(' or ')}`, () => {
          const lane = laneIn(state);
          expect(judge(lane, verb(name, { position: head }), false)).toEqual({ kind: 'act' });
          expect(allowed).toContain(act(lane, verb(name, { position: head }), 7, OPTIONS).phase.state);
        });
      }
    }
  }

  test('an impossible transition names the states and the input', () => {
    expect(() => batchStarted(laneIn('blocked'), 1)).toThrow(ImpossibleTransitionError);
    expect(() => batchStarted(laneIn('blocked'), 1)).toThrow(
      'A lane that is blocked cannot become running by batchStarted',
    );
  });
});

describe('accept', () => {
  test('O6 a position is taken over once, however often it is sent', () => {
    let lane = accept(emptyLane(0), recordsSignal(laneEvents(1, 3)), OPTIONS);
    lane = accept(lane, recordsSignal(laneEvents(2, 5)), OPTIONS);
    lane = accept(lane, recordsSignal(laneEvents(1, 5)), OPTIONS);
    expect(lane.queue.map((event) => event.position.sequenceNumber)).toEqual(['1', '2', '3', '4', '5']);
  });

  test('O6 marks compare numbers, not texts', () => {
    const lane = accept(emptyLane(0), recordsSignal([laneEvent(9), laneEvent(10), laneEvent(100)]), OPTIONS);
    expect(lane.queue).toHaveLength(3);
  });

  test('O6 records of one aggregate share a sequence number and differ by the sub-sequence number', () => {
    const user = (n: number) => ({
      ...laneEvent(5),
      position: { shardId: SHARD, sequenceNumber: '5', subSequenceNumber: n },
    });
    let lane = accept(emptyLane(0), recordsSignal([user(0), user(1)]), OPTIONS);
    lane = accept(lane, recordsSignal([user(0), user(1), user(2)]), OPTIONS);
    expect(lane.queue.map((event) => event.position.subSequenceNumber)).toEqual([0, 1, 2]);
  });

  test('O6 a sender whose lease ended well before the lane began to remember is dropped', () => {
    const lane = emptyLane(1_000_000);
    const lease = 1_000_000 - OPTIONS.leaseMarginMs;
    expect(accept(lane, recordsSignal([laneEvent(1)], lease - 1), OPTIONS).queue).toHaveLength(0);
    expect(accept(lane, recordsSignal([laneEvent(1)], lease), OPTIONS).queue).toHaveLength(1);
  });

  test('O1 events of several shards keep the order of their arrival', () => {
    let lane = accept(emptyLane(0), recordsSignal([laneEvent(7, 'parent')]), OPTIONS);
    lane = accept(lane, recordsSignal([laneEvent(1, 'child')]), OPTIONS);
    expect(lane.queue.map((event) => event.position.shardId)).toEqual(['parent', 'child']);
  });
});

describe('work', () => {
  test('a batch is bounded by count and by bytes, and holds one event at least', () => {
    const many = accept(emptyLane(0), recordsSignal(laneEvents(1, 5)), OPTIONS);
    expect(next(many, { ...OPTIONS, maxBatchEvents: 3 })).toMatchObject({ kind: 'batch', events: { length: 3 } });
    expect(next(many, { ...OPTIONS, maxBatchBytes: 25 })).toMatchObject({ events: { length: 2 } });
    expect(next(many, { ...OPTIONS, maxBatchBytes: 1 })).toMatchObject({ events: { length: 1 } });
  });

  test('O1 a failing event ends the batch: nothing behind it is done', () => {
    const running = batchStarted(laneIn('idle', 5), 5);
    const lane = batchEnded(running, failedAfter(2, FAILURE), POLICY, 9);
    expect(lane.phase).toMatchObject({ state: 'retrying', attempts: 1, since: 9 });
    expect(lane.queue[0]?.position.sequenceNumber).toBe('3');
    expect(next(lane, OPTIONS)).toMatchObject({ kind: 'event', event: lane.queue[0] });
  });

  test('a failure that no retry mends blocks at once, and so does a policy of one attempt', () => {
    const running = batchStarted(laneIn('idle'), 3);
    const final = failedAfter(0, { ...FAILURE, nonRetryable: true });
    const once = { ...POLICY, maxAttempts: 1 };
    expect(batchEnded(running, final, POLICY, 9).phase.state).toBe('blocked');
    expect(batchEnded(running, failedAfter(0, FAILURE), once, 9).phase.state).toBe('blocked');
  });

  test('O3 after a lost process the events of its batch run one by one, then together again', () => {
    let lane = batchStarted(laneIn('idle', 6), 4);
    lane = batchEnded(lane, { kind: 'stopped', succeeded: 1, lostBefore: true }, POLICY, 9);
    expect(lane.isolateNext).toBe(3);
    for (let left = 3; left > 0; left -= 1) {
      expect(next(lane, OPTIONS)).toMatchObject({ events: { length: 1 } });
      lane = batchEnded(batchStarted(lane, 1), { kind: 'succeeded', succeeded: 1 }, POLICY, 9);
    }
    expect(next(lane, OPTIONS)).toMatchObject({ events: { length: 2 } });
  });

  test('O5 nothing is started while a person is awaited', () => {
    expect(next(laneIn('blocked'), OPTIONS)).toEqual({ kind: 'none' });
    expect(next(laneIn('paused'), OPTIONS)).toEqual({ kind: 'none' });
  });
});

describe('O11 verbs', () => {
  test('a verb without a position is tied to the head that has failed by now', () => {
    expect(bind(laneIn('blocked'), verb('skip')).args.position).toBe(head);
    expect(bind(laneIn('idle'), verb('skip')).args.position).toBeUndefined();
  });

  test('a second skip that arrives late does not touch the next event', () => {
    const blocked = laneIn('blocked');
    const [first, second] = [bind(blocked, verb('skip')), bind(blocked, verb('skip'))];
    const after = { ...act(blocked, first, 7, OPTIONS), phase: PHASES.blocked };
    expect(judge(after, second, false)).toEqual({
      kind: 'refuse',
      rejection: {
        code: 'record-passed',
        why: `${head} has been passed: the head is ${SHARD}:2`,
        fields: { position: head, head: `${SHARD}:2` },
      },
    });
  });

  test('a verb for an event that waits, or was never here, is refused with the reason', () => {
    const lane = laneIn('blocked');
    const rejectionOf = (position: string) => judge(lane, verb('skip', { position }), false);
    expect(rejectionOf(`${SHARD}:2`)).toMatchObject({
      rejection: { code: 'record-not-current-yet', why: expect.stringMatching(/not at the head yet/) },
    });
    expect(rejectionOf(`${SHARD}:77`)).toMatchObject({
      rejection: { code: 'record-unknown', why: expect.stringMatching(/not arrived/) },
    });
    expect(rejectionOf('nonsense')).toMatchObject({
      rejection: { code: 'invalid-position', why: expect.stringMatching(/"nonsense" is not a position/) },
    });
  });

  test('skip and replace of a healthy lane need a position', () => {
    expect(judge(laneIn('idle'), verb('skip'), false)).toMatchObject({ kind: 'refuse' });
    expect(judge(laneIn('running'), verb('skip', { position: `${SHARD}:2` }), true)).toEqual({ kind: 'stop first' });
  });

  test('replace without data is refused', () => {
    expect(judge(laneIn('blocked'), { name: 'replace', args: {} }, false)).toMatchObject({
      rejection: { code: 'new-data-missing', why: expect.stringMatching(/needs new data/) },
    });
  });

  test('replace gives the head new data under the same position, and counts', () => {
    const once = act(laneIn('blocked'), verb('replace', { data: 5 }), 7, OPTIONS);
    const twice = act({ ...once, phase: PHASES.blocked }, verb('replace', { text: 'x' }), 8, OPTIONS);
    expect(once.queue[0]).toMatchObject({ data: { json: 5 }, replaced: 1, position: laneEvent(1).position });
    expect(twice.queue[0]).toMatchObject({ data: { text: 'x' }, replaced: 2 });
  });

  test('retry gives the head all its attempts again and counts them on', () => {
    const lane = eventFailed(laneIn('retrying'), FAILURE, 3);
    expect(act(lane, verb('retry'), 7, OPTIONS).phase).toMatchObject({ state: 'retrying', attempts: 3, roundFrom: 3 });
  });

  test('pause keeps what the head was doing, and resume goes on there', () => {
    const paused = act(laneIn('blocked'), verb('pause', { by: 'ann', reason: 'deploy' }), 7, OPTIONS);
    expect(paused.phase).toMatchObject({ state: 'paused', by: 'ann', reason: 'deploy', held: { state: 'blocked' } });
    expect(act(paused, verb('resume'), 8, OPTIONS).phase).toEqual(PHASES.blocked);
  });

  test('a decision says who, when, why, before and after', () => {
    const args = { by: 'ann', reason: 'typo', data: { n: 2 }, position: head };
    const lane = act(laneIn('blocked'), { name: 'replace', args }, 7, OPTIONS);
    expect(lane.decisions).toEqual([
      {
        verb: 'replace',
        outcome: 'done',
        at: 7,
        by: 'ann',
        reason: 'typo',
        position: head,
        stateBefore: 'blocked',
        stateAfter: 'idle',
        failure: FAILURE,
        dataBefore: '{"n":1}',
        dataAfter: '{"n":2}',
      },
    ]);
  });

  const NOTHING_FAILED = { code: 'no-failed-event', why: 'nothing failed' } as const;

  test('a refusal is kept too, and the oldest decisions make room', () => {
    let lane = laneIn('idle');
    for (let at = 1; at <= 30; at += 1) lane = refused(lane, verb('skip'), NOTHING_FAILED, at, OPTIONS);
    expect(lane.decisions).toHaveLength(OPTIONS.decisionsKept);
    expect(lane.decisions.at(-1)).toMatchObject({ outcome: 'refused', ...NOTHING_FAILED, at: 30 });
  });
});

test('an attempt that was lost is made again, twice, and counts the third time (fault B14)', () => {
  const retrying = { ...emptyLane(0), queue: laneEvents(1, 2), phase: { state: 'retrying', ...FAILING } as const };
  const lost = { ...FAILURE, type: 'HeartbeatTimeout' };
  const [once, twice] = [eventLost(retrying, lost, 2), eventLost(eventLost(retrying, lost, 2), lost, 2)];
  expect(once.phase).toMatchObject({ state: 'retrying', attempts: 2, losses: 1, failure: FAILURE });
  expect(twice.phase).toMatchObject({ state: 'retrying', attempts: 2, losses: 2, failure: FAILURE });
  const { phase } = eventLost(twice, lost, 2);
  expect(phase).toMatchObject({ state: 'blocked', attempts: 3, failure: lost });
  expect(phase).not.toHaveProperty('losses');
});
