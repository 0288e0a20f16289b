import fc from 'fast-check';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { NonRetryableError } from '../../../../contracts/public/errors.ts';
import { readFailure } from '../../../../contracts/event/failure.ts';
import { failureOf, thrownText } from '../../../../contracts/event/thrown.ts';
import { anythingThrown } from '../../../support/anything-thrown.ts';
import { expectWellFormed } from '../../../support/expect-well-formed.ts';

describe('what was thrown', () => {
  test('becomes a failure of well-formed strings of bounded length, whatever it is (fault A2 A3)', () => {
    fc.assert(
      fc.property(anythingThrown, ({ value }) => {
        const failure = failureOf(value);
        expectWellFormed(failure);
        // Nothing is left to be read, or to be sent, that is not JSON.
        expect(JSON.parse(JSON.stringify(failure))).toEqual(failure);
        expect(readFailure(failure)).toBe(failure);
        expect(thrownText(value).isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a list', Object.assign(new Error('x'), { message: ['a must be a number', 'b is missing'] })],
    ['an object', { message: { code: 17 } }],
    ['a number', 17],
    ['null', null],
    ['undefined', undefined],
    ['a symbol', Symbol('gone')],
    ['a function', function retryLater() {}],
    ['an empty string', ''],
    ['a plain object', { statusCode: 500 }],
    ['a getter', Object.defineProperty(new Error('x'), 'message', { get: () => JSON.parse('{') as never })],
    ['nothing at all', new RangeError('')],
  ])('is said readably: %s (fault A1 A2 A5)', (what, thrown) => {
    const said: Record<string, string> = {
      'a list': 'a must be a number, b is missing',
      'an object': '{ code: 17 }',
      'a number': 'The handler threw 17',
      null: 'The handler threw null',
      undefined: 'The handler threw undefined',
      'a symbol': 'The handler threw Symbol(gone)',
      'a function': 'The handler threw the function retryLater',
      'an empty string': 'The handler threw an empty string',
      'a plain object': 'The handler threw { statusCode: 500 }',
      'a getter': 'Error without a message',
      'nothing at all': 'RangeError without a message',
    };
    expect(failureOf(thrown).message).toBe(said[what]);
  });

  test.each([
    ['a cause that is an error', new Error('outer', { cause: new TypeError('inner') }), 'outer (TypeError: inner)'],
    ['a cause that is a string', new Error('outer', { cause: 'inner' }), 'outer (inner)'],
    ['a cause that is an object', new Error('outer', { cause: { status: 503 } }), 'outer ({ status: 503 })'],
    ['a cause that it names itself', new Error('outer: inner', { cause: new Error('inner') }), 'outer: inner'],
    ['a cause of a cause', new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a (Error: b (c))'],
    ['a code alone', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['a number of the system alone', Object.assign(new Error(''), { errno: -111 }), '-111'],
    ['inner errors alone', new AggregateError([new Error('a'), 'b', new Error('a')]), 'Error: a; b'],
    [
      'inner errors',
      new AggregateError([new TypeError('a')], 'All promises were rejected'),
      'All promises were rejected (TypeError: a)',
    ],
    ['an exception of the DOM', new DOMException('The call was given up', 'TimeoutError'), 'The call was given up'],
  ])('keeps its reasons: %s (fault G7)', (_what, thrown, message) => {
    expect(failureOf(thrown).message).toBe(message);
  });

  test('keeps its reasons also behind a megabyte, and when they are one themselves (fault G7)', () => {
    const long = 'x'.repeat(1024 * 1024);
    expect(failureOf(new Error(long, { cause: new Error('the reason') })).message).toMatch(/… \(Error: the reason\)$/);
    const both = failureOf(new AggregateError([new Error(`y${long}`), new Error('second')], long)).message;
    expect(both).toMatch(/; Error: second\)$/);
  });

  test('by Node itself: a connection that was refused says so (fault G7)', async () => {
    const refused = await new Promise<Error>((resolve) => {
      connect({ host: 'localhost', port: 1, autoSelectFamily: true }).on('error', resolve);
    });
    expect(failureOf(refused).message).toContain('ECONNREFUSED');
  });

  test('may say that no retry helps, by its name or as Temporal does', () => {
    expect(failureOf(new NonRetryableError('x')).nonRetryable).toBe(true);
    expect(failureOf({ name: 'ApplicationFailure', nonRetryable: true, message: 'x' }).nonRetryable).toBe(true);
    expect(failureOf({ nonRetryable: true, message: 'x' }).nonRetryable).toBe(false);
    const getter = Object.defineProperty(new Error('x'), 'nonRetryable', { get: () => JSON.parse('{') as never });
    expect(failureOf(getter).nonRetryable).toBe(false);
  });
});

test('each property is read once: a getter may give something else the next time (fault A2)', () => {
  const reads: Record<string, number> = {};
  const changing = new Proxy(new Error('x'), {
    get: (target, property) => {
      const name = String(property);
      reads[name] = (reads[name] ?? 0) + 1;
      return reads[name] === 1 ? (Reflect.get(target, property) as unknown) : ['something else'];
    },
  });
  expectWellFormed(failureOf(changing));
  expect(Object.values(reads).every((count) => count === 1)).toBe(true);
});

test('a failure that a history or a memo holds is read, whatever it is (fault A1)', () => {
  expect(readFailure({ type: 'Error', message: ['a', 'b'], nonRetryable: false }).message).toBe('a, b');
  expect(readFailure({ type: ['a'], message: { code: 17 } })).toEqual({
    type: 'Error',
    message: '{"code":17}',
    nonRetryable: false,
  });
  fc.assert(fc.property(fc.jsonValue(), (value) => expectWellFormed({ ...readFailure(value), message: 'x' })));
});
