/** Anything that code of users can throw, built by fast-check: see what the names of the groups say. */
import fc from 'fast-check';
import { runInNewContext } from 'node:vm';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

/** What was thrown, and a name for it: what is thrown may be impossible to print. */
export interface ThrownValue {
  readonly name: string;
  readonly value: unknown;
}

const MEGABYTE = 'x'.repeat(1024 * 1024);
const named = (name: string, ...values: unknown[]) =>
  fc.constantFrom(...values.map((value, index) => ({ name: `${name} ${index}`, value })));

function throwing(): never {
  throw new Error('a getter that throws');
}

/** Any UTF-16, lone surrogates and NUL included. */
const text = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
  fc.constantFrom('bad \ud83d', '\udc00 bad', 'a\0b', '', MEGABYTE, '😀'.repeat(5000), '__proto__'),
);

const INNER = fc.letrec<{ field: unknown }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.constantFrom<unknown>(undefined, null, 17, Number.NaN, 1n, true, Symbol('s'), () => {}, []),
    fc.array(tie('field'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 5 }), tie('field'), { maxKeys: 3 }),
    fc.constantFrom('Error', 'inner').map((message) => new Error(message)),
  ),
})).field;

/** Types of Keylane's own failures, and of Temporal's. */
export const RESERVED_NAMES = [
  'NotCounted',
  'ProcessLost',
  'HeartbeatTimeout',
  'HandlerTimeout',
  'HandlerDoesNotStop',
  'EventsLost',
  'LargeEventError',
  'DataGoneError',
  'NothingToDecide',
  'SegmentGone',
  'AttemptLostError',
  'CancelledFailure',
  'ActivityFailure',
  'TimeoutFailure',
  'TerminatedFailure',
  'CompleteAsyncError',
  'AbortError',
  'ActivityCancelledError',
] as const;

const FIELDS = ['name', 'message', 'stack', 'code', 'errno', 'cause', 'errors', 'type', 'details', 'toJSON'];

const errors = fc
  .record({
    base: fc.constantFrom('error', 'object', 'no prototype', 'aggregate', 'realm', 'temporal'),
    fields: fc.dictionary(fc.constantFrom(...FIELDS), INNER, { maxKeys: 5 }),
    throwing: fc.subarray(FIELDS, { maxLength: 2 }),
    isFrozen: fc.boolean(),
  })
  .map(({ base, fields, throwing: getters, isFrozen }) => {
    const value = baseOf(base) as { readonly stack?: string };
    // V8 makes it when it is first asked for, of whatever the other fields are by then.
    void value.stack;
    for (const [field, inner] of Object.entries(fields)) define(value, field, { value: inner });
    for (const field of getters) define(value, field, { get: throwing });
    return { name: `${base} with ${Object.keys(fields).join()}`, value: isFrozen ? Object.freeze(value) : value };
  });

function baseOf(base: string): object {
  if (base === 'error') return new TypeError('typed');
  if (base === 'no prototype') return Object.create(null) as object;
  if (base === 'aggregate') return new AggregateError([new Error('first'), 'second', null], 'several');
  if (base === 'realm') return runInNewContext(`new RangeError('of another realm')`) as object;
  return base === 'temporal' ? ApplicationFailure.retryable('of Temporal', 'Typed', { a: 1 }) : {};
}

function define(on: object, field: string, how: PropertyDescriptor): void {
  Object.defineProperty(on, field, { configurable: true, enumerable: true, ...how });
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function cyclic(): Error {
  const [one, other] = [new Error('one'), new Error('other')];
  one.cause = other;
  other.cause = one;
  return one;
}

function deep(): Error {
  let error = new Error('the innermost');
  for (let level = 0; level < 20_000; level += 1) error = new Error(`level ${level}`, { cause: error });
  return error;
}

// oxlint-disable-next-line unicorn/no-thenable -- that is what it is for
const withThen = (how: PropertyDescriptor) => Object.defineProperty(new Error('then'), 'then', how);
const hostile: ProxyHandler<object> = { get: throwing, getPrototypeOf: throwing, has: throwing, ownKeys: throwing };
/** Whatever is asked for is another one of it. */
const endless: object = new Proxy(() => {}, { get: (_target, name) => (name === 'then' ? undefined : endless) });

const odd = fc.oneof(
  named('a proxy', revoked({}), revoked([]), revoked(new Error('x')), new Proxy(new Error('x'), hostile)),
  named('an endless proxy', endless, Object.assign(new Error('x'), { cause: endless, message: endless })),
  named('a cause', cyclic(), deep(), new Error('x', { cause: 'a string' }), new Error('', { cause: { code: 5 } })),
  named('a list of one', Object.assign(new Error('x'), { message: revoked([]), errors: revoked([]) })),
  named('a thenable', withThen({ value: throwing }), withThen({ get: throwing })),
  named('an exception of the DOM', new DOMException('gone', 'AbortError'), new DOMException('', 'TimeoutError')),
  named(
    'of Temporal',
    new CancelledFailure('cancelled by the user'),
    ApplicationFailure.retryable(MEGABYTE, 'T\ud83d'),
  ),
  named('details', ApplicationFailure.retryable('x', 'NotCounted', { kind: 'not counted', attempt: 7, failure: {} })),
  named('class', Map, Symbol.iterator, Symbol(MEGABYTE), () => MEGABYTE),
);

const reserved = fc.constantFrom(...RESERVED_NAMES).map((name) => {
  return { name: `named ${name}`, value: Object.assign(new Error(`calls itself ${name}`), { name }) };
});

const primitives = fc
  .oneof(text, fc.constantFrom<unknown>(undefined, null, 17, -0, 1n, false, Number.NaN))
  .map((value) => ({ name: `a ${typeof value}`, value }));

export const anythingThrown: fc.Arbitrary<ThrownValue> = fc.oneof(errors, odd, reserved, primitives);
