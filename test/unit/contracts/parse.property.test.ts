/** Every message that crosses a process has one parser: whatever it is given, it says what is wrong and throws nothing else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { DEFAULT_LANE_OPTIONS } from '../../../contracts/lane/options.ts';
import {
  parseLaneInput,
  parseLaneMemo,
  parseRecords,
  parseSegmentInput,
  parseSegmentMemo,
  parseSliceAnswer,
  parseStartId,
} from '../../../contracts/lane/parse.ts';
import { parseBacklogView, parseLaneView } from '../../../contracts/lane/view-shapes.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../../../contracts/pipeline/options.ts';
import {
  parseKnownStream,
  parsePipelineConfiguration,
  parsePipelineInput,
  parsePipelineView,
  parseReaderReport,
} from '../../../contracts/pipeline/parse.ts';
import { DEFAULT_POOL_OPTIONS } from '../../../contracts/pool/options.ts';
import {
  parseFinished,
  parseLook,
  parsePoolInput,
  parsePoolRecords,
  parseProgress,
} from '../../../contracts/pool/parse.ts';
import { parsePoolKeyView, parsePoolView } from '../../../contracts/pool/view-shapes.ts';
import { DEFAULT_QUARANTINE_LIMITS } from '../../../contracts/quarantine/options.ts';
import {
  parseDecided,
  parseQuarantined,
  parseQuarantineInput,
  parseQuarantineRecords,
  parseQuarantineSegment,
  parseQuarantineView,
} from '../../../contracts/quarantine/parse.ts';
import { UnknownVersionError, VERSION } from '../../../contracts/version.ts';
import { InvalidValueError, type Parsed } from '../../../lib/pure/shape.ts';
import { FAILING, FAILURE, keylessRecords, laneEvent, laneEvents, POLICY } from '../../support/lane-events.ts';

const position = laneEvent(1).position;
const run = { runId: 'run', how: 'TERMINATED', at: 5 };
const after = { runId: 'run', seenAt: 7 };
const [record] = keylessRecords(1, 1);
const segments = [{ epoch: 'a', first: 1, last: 3 }];

const decision = {
  verb: 'replace',
  outcome: 'done',
  at: 1,
  by: 'ann',
  position: 'a:1',
  stateBefore: 'blocked',
  stateAfter: 'retrying',
  failure: FAILURE,
  dataBefore: '{}',
};
/** Data in each of its forms, and each field that an event may have. */
const events: readonly LaneEvent[] = [
  ...laneEvents(1, 2),
  { ...laneEvent(3), data: { text: 'x' }, replaced: 2 },
  { ...laneEvent(4), data: { base64: 'AA==' }, redriveSequence: '7', forwarded: '8' },
  { ...laneEvent(5), data: { claim: { name: 'n', sha256: 's', preview: 'p' } } },
  { ...laneEvent(6), data: { sourceOnly: { preview: 'p', stored: { name: 'n', sha256: 's' } } } },
  { ...laneEvent(7), position: { ...position, subSequenceNumber: 3 } },
];
const lane = {
  phase: { state: 'paused', since: 1, by: 'ann', held: { state: 'blocked', ...FAILING, losses: 1 } },
  queue: events,
  backlog: { segments, taken: 1, events: 3, bytes: 30, tail: events },
  lost: 'some',
  claimsToDelete: ['n'],
  marks: { [position.shardId]: position },
  behindSince: { [position.shardId]: 1 },
  remembersSince: 1,
  decisions: [decision],
  handled: 3,
  isolateNext: 1,
  losses: { position: 'a:1', count: 2 },
};
const outage = {
  since: 1,
  tries: 2,
  retryAt: 3,
  fresh: 1,
  failure: FAILURE,
  policy: POLICY,
  holdUntil: 9,
  probes: { freshDone: 0, freshFailed: 1, retriedDone: 2, retriedFailed: 3 },
  warned: true,
};
const pool = {
  waiting: [
    { key: 'k', events, losses: 1, attempts: 2, failing: { since: 1, lastAt: 2, failure: 0, leaves: true } },
    { key: 'l', events: [] },
  ],
  moved: {
    a: {
      sent: 3,
      start: { kind: 'fresh', id: 'i', state: { phase: lane.phase, decisions: [decision] }, events },
      events,
      deliveryUnknown: true,
    },
    b: { sent: 0, start: { kind: 'recovery', predecessor: run } },
  },
  marks: lane.marks,
  behindSince: {},
  remembersSince: 0,
  outage,
  release: { since: 1, at: 2, why: 'bound', failure: FAILURE, calmAt: 3 },
  held: { ms: 1, at: 2 },
  failures: [{ failure: FAILURE, policy: POLICY }],
  handled: 0,
};
const decided = {
  id: 'i',
  verb: 'retry',
  outcome: 'going on',
  at: 1,
  by: 'ann',
  target: 'all records',
  decided: 1,
  kept: 0,
  records: [{ position: 'a:1', reason: 'r', dataBefore: 'x' }],
  firstKept: { position: 'a:1', reason: 'r' },
};
const quarantine = {
  records: [record],
  segments,
  latestSegment: { epoch: 'a', number: 3 },
  held: 2,
  unacknowledged: { s: [1] },
  marks: lane.marks,
  behindSince: {},
  remembersSince: 0,
  jobs: [
    { selection: { kind: 'positions', positions: ['a:1'] }, data: { json: 1 }, size: 1, from: 0, decision: decided },
  ],
  redrive: { segment: { epoch: 'a', number: 1 }, undecided: 1, entries: [{ index: 0, key: 'k' }], first: 1 },
  lastRedriven: 0,
  decisions: [decided],
};
const stream = { arn: 'arn', oldestShard: { shardId: 'a', beginning: '1' }, seenAt: '2026-01-01T00:00:00.000Z' };
const gap = { shardId: 'a', after: position, until: position, at: 1 };
const pipeline = {
  shards: { a: { shardId: 'a', parents: [], start: { at: 'after', position }, checkpoint: position, orphanedIn: 1 } },
  finished: { missingSince: { b: 0 }, childless: ['b'], taken: 1, filtered: 0 },
  discovered: true,
  gaps: [gap],
  gapCount: 1,
  paused: { by: 'ann', since: 1 },
  stream,
  otherStream: { found: stream, since: 1 },
  unordered: { since: 1 },
};
const progress = { checkpoint: position, finished: false, lagMs: 1, gaps: [gap], read: 1, taken: 1, quarantined: 0 };
const start = { version: VERSION, pipeline: 'orders' };
const laneInput = {
  ...start,
  key: 'k',
  options: DEFAULT_LANE_OPTIONS,
  carried: lane,
  predecessor: run,
  after,
  pool: 'p',
};
const pipelineInput = {
  ...start,
  source: 'kinesis:orders',
  startAt: { at: 'horizon' },
  options: DEFAULT_PIPELINE_OPTIONS,
  pools: 8,
  stream,
  carried: pipeline,
};

/** Those that say what is wrong, with a message that each of them reads. */
const SAYING: readonly (readonly [string, (value: unknown) => Parsed<unknown>, unknown])[] = [
  ['records of a lane', parseRecords, { leaseUntil: 1, events }],
  ['a slice of a segment', parseSliceAnswer, { events, last: false }],
  ['records of a pool', parsePoolRecords, { leaseUntil: 1, events: events.map((event) => ({ ...event, key: 'k' })) }],
  ['progress', parseProgress, { batch: 1, running: [0], done: [1], outcomes: {} }],
  ['finished', parseFinished, { key: 'k', through: 3 }],
  ['look', parseLook, { key: 'k' }],
  ['records of a quarantine', parseQuarantineRecords, { leaseUntil: 1, records: [record, { ...record, replaced: 1 }] }],
  ['decided', parseDecided, { indexes: [1, 2] }],
  ['configure of a pipeline', parsePipelineConfiguration, { options: DEFAULT_PIPELINE_OPTIONS }],
  ['the report of a reader', parseReaderReport, { shards: { a: progress } }],
];

/** Those that throw {@link InvalidValueError}. */
const THROWING: readonly (readonly [string, (value: unknown) => unknown, unknown])[] = [
  ['lane', parseLaneInput, laneInput],
  ['segment', parseSegmentInput, { ...start, key: 'k', events }],
  ['pool', parsePoolInput, { ...start, options: DEFAULT_POOL_OPTIONS, carried: pool, predecessor: run, after }],
  [
    'quarantine',
    parseQuarantineInput,
    { ...start, signalsPerRun: 5, limits: DEFAULT_QUARANTINE_LIMITS, carried: quarantine },
  ],
  ['segment of a quarantine', parseQuarantineSegment, { ...start, records: [record] }],
  ['pipeline', parsePipelineInput, pipelineInput],
];

const ANSWERS: readonly (readonly [string, (value: unknown) => unknown, unknown])[] = [
  [
    'the view of a lane',
    parseLaneView,
    { ...start, key: 'k', phase: lane.phase, waiting: 1, next: [], handled: 1, decisions: [decision], marks: {} },
  ],
  ['the backlog of a lane', parseBacklogView, { queue: [], before: 0, segments, taken: 0, tail: [], total: 3 }],
  ['the view of a pool', parsePoolView, { ...start, waiting: 1, bytes: 1, batches: 0, moved: 0, handled: 1, outage }],
  ['a key of a pool', parsePoolKeyView, { where: 'pool', waiting: 1, isInBatch: false }],
  [
    'the view of a quarantine',
    parseQuarantineView,
    { count: 1, segments, records: [record], pending: [decided], decisions: [] },
  ],
  ['the number of its records', parseQuarantined, 3],
  ['the view of a pipeline', parsePipelineView, { ...pipelineInput, state: pipeline, readers: [['a']] }],
];

const copyOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The valid message with one value in it replaced. */
const spoiled = (valid: unknown): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.infiniteStream(fc.nat()), fc.nat({ max: 5 }), fc.jsonValue({ maxDepth: 2 }))
    .map(([picks, depth, value]) => {
      const whole = copyOf({ valid }) as Record<string, unknown>;
      let at: Record<string, unknown> = whole;
      let name = 'valid';
      for (let level = 0; level < depth; level += 1) {
        const inner = at[name];
        if (typeof inner !== 'object' || inner === null || Object.keys(inner).length === 0) break;
        at = inner as Record<string, unknown>;
        const names = Object.keys(at);
        name = names[picks.next().value % names.length] ?? name;
      }
      at[name] = value;
      return whole['valid'];
    });

const RUNS = { numRuns: 300 };

describe('a message is read as it was written, and nothing makes its parser throw (O5)', () => {
  test.each(SAYING)('%s', (_name, parse, valid) => {
    expect(parse(copyOf(valid))).toEqual({ value: copyOf(valid) });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue(), spoiled(valid)), (value) => {
        const parsed = parse(value);
        if ('value' in parsed) expect(parsed.value).toBe(value);
        else expect(parsed.problem).toMatch(/ must be .*, not /s);
      }),
      RUNS,
    );
  });

  test.each([...THROWING, ...ANSWERS])('%s, whose reader cannot go on without it', (_name, parse, valid) => {
    expect(parse(copyOf(valid))).toEqual(copyOf(valid));
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue(), spoiled(valid)), (value) => {
        try {
          expect(parse(value)).toBe(value);
        } catch (error) {
          expect([InvalidValueError, UnknownVersionError]).toContain((error as Error).constructor);
        }
      }),
      RUNS,
    );
  });

  test('memos, which may be of any other workflow', () => {
    const memo = { key: 'k', position: 'a:1', attempts: 2, failure: FAILURE, since: '2026-01-01', startId: 'i' };
    expect(parseLaneMemo(memo)).toBe(memo);
    expect(parseStartId(memo)).toBe('i');
    expect(parseSegmentMemo({ count: 3 })).toEqual({ count: 3 });
    expect(parseKnownStream(stream)).toBe(stream);
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const parse of [parseLaneMemo, parseStartId, parseSegmentMemo, parseKnownStream]) parse(value);
      }),
      RUNS,
    );
  });
});

describe('a version that this code does not know is refused before anything else is read', () => {
  test.each(THROWING)('%s', (_name, parse, valid) => {
    for (const found of [VERSION + 1, undefined, null, '1']) {
      const value = { ...(valid as object), version: found, pipeline: 7 };
      expect(() => parse(value)).toThrow(UnknownVersionError);
    }
    expect(() => parse({ ...(valid as object), version: 2 })).toThrow(
      /^The argument of .* has version 2, and this process knows 1\. .*deploy the newer version to all processes/,
    );
  });
});
