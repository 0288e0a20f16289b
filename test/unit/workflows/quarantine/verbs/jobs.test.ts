import { expect, test } from 'vitest';
import { DEFAULT_QUARANTINE_LIMITS } from '../../../../../contracts/quarantine/options.ts';
import { MAX_POSITIONS } from '../../../../../contracts/quarantine/decision.ts';
import type { FoundRecord } from '../../../../../contracts/quarantine/search.ts';
import type { QuarantineState } from '../../../../../contracts/quarantine/state.ts';
import { readQuarantineVerb } from '../../../../../workflows/quarantine/verbs/parse.ts';
import {
  begun,
  redrive,
  lastRedriven,
  ended,
  enqueue,
  lookedThrough,
  nextStep,
  objection,
  skipped,
  recoveredState,
  withoutLargeJobs,
} from '../../../../../workflows/quarantine/verbs/jobs.ts';
import { emptyQuarantine, keep, movedToSegment, viewOf } from '../../../../../workflows/quarantine/state.ts';
import { keylessRecords } from '../../../../support/lane-events.ts';

const LIMITS = DEFAULT_QUARANTINE_LIMITS;
const LONGEST = (n: number) => `shardId-000000000000:${String(n).padStart(128, '4')}`;
const FOUND: FoundRecord = {
  index: 0,
  position: LONGEST(0),
  reason: 'r'.repeat(256),
  // One of the longest, behind others.
  key: 'k'.repeat(40 * 1024),
  data: 'd'.repeat(256),
};

function filled(count = 3): QuarantineState {
  const kept = keep(emptyQuarantine(0), { leaseUntil: Infinity, records: keylessRecords(1, count) }, LIMITS);
  return movedToSegment(kept, count, { epoch: 'e', number: 1 });
}

const skipAll = readQuarantineVerb('skip', { all: true });

test('O5 what is carried from run to run stays under 256 KiB, whatever has been decided and is under way', () => {
  let state: QuarantineState = { ...filled(), held: 10_000_000 };
  const texts = { by: 'b'.repeat(5000), reason: 'w'.repeat(5000) };
  for (let n = 0; n < 50; n += 1) {
    const records = Array.from({ length: 100 }, () => FOUND);
    state = begun(enqueue(state, readQuarantineVerb('skip', { all: true, ...texts }), 1, String(n)));
    state = ended(skipped(state, { epoch: 'e', number: 1 }, { undecided: 1000, records }), LIMITS);
  }
  // Every other segment has been closed.
  const segments = Array.from({ length: 300 }, (_, n) => ({
    epoch: '0123456789abcdef',
    first: 2 * n + 1e6,
    last: 2 * n + 1e6,
  }));
  state = { ...state, segments };
  expect(objection(state, readQuarantineVerb('retry', { matching: 'x' }))?.code).toBe('too-fragmented');
  state = { ...state, segments: segments.slice(1) };
  for (let n = 0; objection(state, skipAll) === undefined; n += 1) {
    const positions = Array.from({ length: MAX_POSITIONS }, (_, index) => LONGEST(n * 1000 + index));
    state = enqueue(state, readQuarantineVerb('retry', { positions, ...texts }), 1, String(n));
  }
  state = redrive(begun(state), { epoch: 'e', number: 1 }, { undecided: 1000, records: [FOUND] }, 1);
  // What is left is for the marks.
  expect(JSON.stringify(state).length).toBeLessThan(216 * 1024);
});

test('O5 O11 where the data of a record is that was left out, or replaced, stays with the decision', () => {
  const claimed = { ...FOUND, claim: 'orders/shard-0/1-abc' };
  const { key: _key, ...keyless } = claimed;
  const where = (state: QuarantineState) => state.jobs[0]?.decision.records[0]?.claimBefore;
  const begin = () => begun(enqueue(filled(), skipAll, 1, 'a'));
  const segment = { epoch: 'e', number: 1 };
  expect(where(skipped(begin(), segment, { undecided: 3, records: [keyless] }))).toBe('orders/shard-0/1-abc');
  const [replacement] = keylessRecords(1, 1);
  const other = { ...claimed, replacement: replacement! };
  expect(where(redrive(begin(), segment, { undecided: 3, records: [other] }, 1))).toBe('orders/shard-0/1-abc');
  // The lane has it, and deletes it when it is done.
  expect(where(redrive(begin(), segment, { undecided: 3, records: [claimed] }, 1))).toBeUndefined();
});

test('O9 an answer holds no more than it may, and tells that there is more', () => {
  const [record] = keylessRecords(1, 1);
  const many = keylessRecords(1, 20).map((each) => Object.assign({}, each, { size: 100_000 }));
  const view = viewOf(keep(emptyQuarantine(0), { leaseUntil: Infinity, records: many }, LIMITS));
  expect(view).toMatchObject({ count: 20, more: true });
  expect(view.records).toHaveLength(10);
  expect(viewOf({ ...emptyQuarantine(0), records: [record!] })).not.toHaveProperty('more');
});

test('O11 new data that a next run cannot be given is refused, and kept as that', () => {
  const replace = readQuarantineVerb('replace', { position: LONGEST(1), text: 'x'.repeat(500_000) });
  const state = enqueue(enqueue(filled(), replace, 1, 'a'), skipAll, 1, 'b');
  const after = withoutLargeJobs(state, LIMITS);
  expect(after.jobs.map(({ decision }) => decision.id)).toEqual(['b']);
  expect(after.decisions).toMatchObject([{ id: 'a', outcome: 'refused', why: expect.stringContaining('ask again') }]);
});

test('O8 segments that nobody has any more are told, and let go of by a skip of all', () => {
  const gone = [{ epoch: 'e', number: 1 }];
  const finding = { through: 1, from: 0, gone: [], undecided: 0 };
  const looked = { gone, empty: [] };
  const retried = ended(
    lookedThrough(begun(enqueue(filled(), readQuarantineVerb('retry', { all: true }), 1, 'a')), finding, looked),
    LIMITS,
  );
  expect(retried).toMatchObject({
    held: 3,
    decisions: [{ outcome: 'refused', why: expect.stringContaining('e-1 are gone') }],
  });
  const left = ended(lookedThrough(begun(enqueue(filled(), skipAll, 1, 'a')), finding, looked), LIMITS);
  expect(left).toMatchObject({ held: 0, segments: [] });
});

test('O5 what a run leaves that was terminated externally: verbs are broken off, and what is on its way goes on', () => {
  const by = (who: string) => readQuarantineVerb('retry', { all: true, by: who });
  const asked = enqueue(enqueue(filled(), by('ann'), 1, 'a'), by('bob'), 1, 'b');
  const onTheWay = redrive(begun(asked), { epoch: 'e', number: 1 }, { undecided: 3, records: [FOUND] }, 1);
  const after = recoveredState(onTheWay, 'TERMINATED', LIMITS);
  expect(after.redrive).toEqual(onTheWay.redrive);
  expect(after.decisions).toMatchObject([
    { by: 'bob', outcome: 'refused', why: expect.stringContaining('TERMINATED') },
  ]);
  expect(nextStep(after, 1)).toMatchObject({ kind: 'bring' });
  const whole = lastRedriven(after);
  expect(nextStep(whole, 1)).toEqual({ kind: 'end' });
  expect(ended(whole, LIMITS)).toMatchObject({
    held: 2,
    jobs: [],
    decisions: [{ by: 'bob' }, { by: 'ann', outcome: 'done', decided: 1, why: expect.stringContaining('ask again') }],
  });
  expect(recoveredState(begun(asked), 'TERMINATED', LIMITS)).toMatchObject({ jobs: [], decisions: [{}, {}] });
});

test.each([
  [{}, 'one of `position`'],
  [null, 'one of `position`'],
  [{ all: true, matching: 'x' }, 'one of `position`'],
  [{ matching: '' }, 'must not be empty'],
  [{ positions: [] }, '1 to 100 positions'],
  [{ position: 'here' }, '"here" is not a position'],
  [{ positions: ['s:1', 7] }, '7 is not a position'],
  [{ position: 's:1', reason: 7 }, '`reason` must be a text'],
])('a verb with %j is refused with the reason', (args, problem) => {
  expect(readQuarantineVerb('skip', args).problem).toContain(problem);
});

test('O9 replace takes what a lane can be given', () => {
  const problem = (text: string) => readQuarantineVerb('replace', { position: 's:1', text }).problem;
  expect(problem('x'.repeat(1024 * 1024 - 11))).toBeUndefined();
  expect(problem('x'.repeat(1024 * 1024 - 10))).toMatch(
    /^the new data takes 1,048,577 bytes in Temporal, and may take 1 MiB: /,
  );
  expect(problem('ä'.repeat(600_000))).toContain('1,200,011 bytes');
});

test('replace needs one position and data', () => {
  expect(readQuarantineVerb('replace', { position: 's:1' }).problem).toContain('new data');
  expect(readQuarantineVerb('replace', { positions: ['s:1', 's:2'], data: 1 }).problem).toContain('one record');
  expect(readQuarantineVerb('replace', { position: 's:1', data: null })).toEqual({
    name: 'replace',
    selection: { kind: 'positions', positions: ['s:1'] },
    data: { json: null },
    size: 4,
  });
});

test('O6 redriven records get numbers beyond all earlier ones, also when the clock was set back', () => {
  const segment = { epoch: 'e', number: 1 };
  const found = (...indexes: number[]) => indexes.map((index): FoundRecord => Object.assign({}, FOUND, { index }));
  const retried = begun(enqueue(filled(), readQuarantineVerb('retry', { all: true }), 1000, 'id'));
  const first = redrive(retried, segment, { undecided: 3, records: found(0, 1) }, 1000);
  const second = redrive(lastRedriven(first), segment, { undecided: 1, records: found(2) }, 500);
  expect(second.redrive?.first).toBe((first.redrive?.first ?? 0) + 2);
});
