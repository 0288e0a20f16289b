import { expect, test } from 'vitest';
import {
  DEFAULT_QUARANTINE_LIMITS,
  MOST_POSITIONS,
  type FoundRecord,
  type QuarantineState,
} from '../../../../contracts/quarantine.ts';
import { readQuarantineVerb } from '../../../../workflows/quarantine/inputs.ts';
import {
  begun,
  bringing,
  ended,
  enqueue,
  lookedThrough,
  objection,
  skipped,
  withoutLargeJobs,
} from '../../../../workflows/quarantine/jobs.ts';
import { emptyQuarantine, keep, movedToSegment } from '../../../../workflows/quarantine/state.ts';
import { keylessRecords } from '../../../support/lane-events.ts';

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
  expect(objection(state, readQuarantineVerb('retry', { matching: 'x' }))).toContain('decide on all of it');
  state = { ...state, segments: segments.slice(1) };
  for (let n = 0; objection(state, skipAll) === undefined; n += 1) {
    const positions = Array.from({ length: MOST_POSITIONS }, (_, index) => LONGEST(n * 1000 + index));
    state = enqueue(state, readQuarantineVerb('retry', { positions, ...texts }), 1, String(n));
  }
  state = bringing(begun(state), { epoch: 'e', number: 1 }, { undecided: 1000, records: [FOUND] }, 1);
  // What is left is for the marks.
  expect(JSON.stringify(state).length).toBeLessThan(216 * 1024);
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
  const finding = { through: 1, from: 0, gone: [] };
  const retried = ended(
    lookedThrough(begun(enqueue(filled(), readQuarantineVerb('retry', { all: true }), 1, 'a')), finding, gone),
    LIMITS,
  );
  expect(retried).toMatchObject({
    held: 3,
    decisions: [{ outcome: 'refused', why: expect.stringContaining('e-1 are gone') }],
  });
  const left = ended(lookedThrough(begun(enqueue(filled(), skipAll, 1, 'a')), finding, gone), LIMITS);
  expect(left).toMatchObject({ held: 0, segments: [] });
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

test('replace needs one position and data', () => {
  expect(readQuarantineVerb('replace', { position: 's:1' }).problem).toContain('new data');
  expect(readQuarantineVerb('replace', { positions: ['s:1', 's:2'], data: 1 }).problem).toContain('one record');
  expect(readQuarantineVerb('replace', { position: 's:1', data: null })).toEqual({
    name: 'replace',
    selection: { kind: 'positions', positions: ['s:1'] },
    data: { json: null },
  });
});
