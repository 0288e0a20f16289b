import { expect, test } from 'vitest';
import { errorDocument, errorPart } from '../../../../operations/documents/error.ts';
import { NoSuchLaneError, NothingToDecideError } from '../../../../operations/errors.ts';
import { checkedDocument } from '../../../support/documents.ts';

const document = (error: unknown, code: string) =>
  checkedDocument(errorDocument(errorPart(error, { code, exitCode: 1, message: 'what happened' })));

test('an error of an operation has its fields, and the rejection of a verb', () => {
  expect(document(new NoSuchLaneError('orders', 'a', undefined), 'lane-not-found')).toEqual({
    version: 1,
    kind: 'error',
    error: { code: 'lane-not-found', exitCode: 1, message: 'what happened', pipeline: 'orders', key: 'a' },
  });
  const rejection = { code: 'record-passed', why: 's:1 has been passed', fields: { position: 's:1' } } as const;
  const { error } = document(new NothingToDecideError('skip', 'orders', 'a', rejection), 'nothing-to-do');
  expect(error).toMatchObject({ verb: 'skip', key: 'a', rejection });
});

test('nothing of any other error is printed but its message', () => {
  const secret = Object.assign(new Error('x'), { password: 'hunter2', rejection: 'not one', key: 5 });
  expect(Object.keys(document(secret, 'failed').error)).toEqual(['code', 'exitCode', 'message']);
  expect(Object.keys(document('thrown', 'failed').error)).toEqual(['code', 'exitCode', 'message']);
});
