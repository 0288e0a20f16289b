import { describe, expect, test } from 'vitest';
import {
  parseLatestRun,
  parseSignalsPage,
  parseSnapshot,
  parseSnapshotPage,
  type StateParsers,
} from '../../../../contracts/recovery/parse.ts';
import { list, number, parse, string, type Parsed } from '../../../../lib/pure/shape.ts';

const PARSERS: StateParsers<string, number> = {
  state: (value) => parse(string, value),
  carried: (value) => parse(string, value),
  items: (value) => parse(list(number), value),
};
const unseen = { page: null, after: 3 };
const predecessor = { runId: 'r', how: 'TERMINATED', at: 1 };

interface Message {
  readonly what: string;
  readonly read: (value: unknown) => Parsed<unknown>;
  readonly answer: object;
}

const MESSAGES: readonly Message[] = [
  {
    what: 'a snapshot with a state',
    read: (value) => parseSnapshot(PARSERS, value),
    answer: { kind: 'snapshot', snapshot: { kind: 'state', state: 'all', items: 2 }, unseen },
  },
  {
    what: 'a snapshot of a run that was recovering',
    read: (value) => parseSnapshot(PARSERS, value),
    answer: { kind: 'snapshot', snapshot: { kind: 'recovering', predecessor }, unseen },
  },
  {
    what: 'the argument of a run',
    read: (value) => parseSnapshot(PARSERS, value),
    answer: { kind: 'input', carried: 'all', predecessor: null, unseen },
  },
  { what: 'a page', read: (value) => parseSnapshotPage(PARSERS, value), answer: { kind: 'page', items: [1, 2] } },
  {
    what: 'a page of signals',
    read: parseSignalsPage,
    answer: { kind: 'signals', signals: [null], next: { page: 'dG9rZW4=', after: 7 } },
  },
  { what: 'the latest run', read: parseLatestRun, answer: { state: 'ended', run: predecessor } },
];

/** The message without one of its fields, at any depth. */
function* withoutOneField(value: object): Generator<object> {
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const { [name]: _left, ...rest } = value as Record<string, unknown>;
    yield rest;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) continue;
    for (const less of withoutOneField(inner)) yield { ...rest, [name]: less };
  }
}

describe.each(MESSAGES)('O5: $what', ({ read, answer }) => {
  test('is read when it is whole', () => {
    expect(read(answer)).toHaveProperty('value');
  });

  test('is no success when any of its fields is missing', () => {
    const all = [...withoutOneField(answer)];
    expect(all.length).toBeGreaterThan(1);
    for (const less of all) expect(read(less)).toHaveProperty('problem');
    for (const value of [undefined, null, '', [], {}]) expect(read(value)).toHaveProperty('problem');
  });
});

test('that a run is gone is an answer of its own', () => {
  const gone = { kind: 'gone' };
  for (const answer of [parseSnapshot(PARSERS, gone), parseSnapshotPage(PARSERS, gone), parseSignalsPage(gone)])
    expect(answer).toEqual({ value: gone });
});

test('all that a run was sent counts as unseen when it was recovering another one', () => {
  const answer = { kind: 'snapshot', snapshot: { kind: 'recovering', predecessor }, unseen };
  const held = { kind: 'recovering', predecessor, unseen: { page: null, after: 0 } };
  expect(parseSnapshot(PARSERS, answer)).toEqual({ value: held });
});
