import { expect, test } from 'vitest';
import { readCode, readRejection, rejection } from '../../../contracts/rejection.ts';

test('a rejection that was sent is read as it was', () => {
  const sent = rejection('record-passed', 's:1 has been passed', { position: 's:1', head: 's:2' });
  expect(readRejection(JSON.parse(JSON.stringify(sent)))).toEqual(sent);
});

test('a code of a later version is `other`, and keeps its text', () => {
  expect(readRejection({ code: 'new', why: 'the moon is full' })).toEqual({ code: 'other', why: 'the moon is full' });
  expect(readCode('new')).toBe('other');
  expect(readCode(undefined)).toBeUndefined();
});

test.each([undefined, null, 'text', [], { why: 5, fields: 7 }, { fields: { a: {}, b: null } }])(
  'anything else is a rejection without a reason: %j',
  (value) => {
    expect(readRejection(value)).toMatchObject({ code: 'other', why: 'no reason was given' });
    expect(Object.keys(readRejection(value).fields ?? {})).toEqual([]);
  },
);
