/**
 * What code of users threw, made into a failure. Anything can be thrown: a list for a message, a getter that throws, a
 * revoked proxy, half a character, a megabyte. So each property is read once and guarded, and nothing is taken for what it
 * should be. Never throws.
 */
import { types } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { NON_RETRYABLE_ERROR_NAMES } from '../public/errors.ts';
import { failureText, MAX_FAILURE_CHARS, type Failure } from './failure.ts';
import { objectText } from '../../lib/node/object-text.ts';
import { truncate } from '../../lib/pure/text.ts';

/** What is kept of causes and inner errors, whatever the length of the message before them. */
const MAX_REASONS_CHARS = 800;
/** Causes of causes. */
const MAX_DEPTH = 5;
/** Of an AggregateError, or of a list. */
const MAX_SHOWN = 5;

/** @param who threw it, for a sentence about what is not an error */
export function failureOf(thrown: unknown, who = 'The handler'): Failure {
  const { type, message, stack, nonRetryable } = described(thrown, []);
  const whole = message === '' ? `${who} threw ${valueText(thrown)}` : message;
  return {
    type: failureText(type, MAX_FAILURE_CHARS.type),
    message: failureText(whole, MAX_FAILURE_CHARS.message),
    ...(stack === undefined ? {} : { stack: failureText(stack, MAX_FAILURE_CHARS.stack) }),
    nonRetryable,
  };
}

/** The same in one line. */
export function thrownText(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) {
    return truncate(isNonEmpty(thrown) ? thrown : valueText(thrown), MAX_FAILURE_CHARS.message);
  }
  const { type, message } = described(thrown, []);
  return truncate(message === '' ? valueText(thrown) : `${type}: ${message}`, MAX_FAILURE_CHARS.message);
}

interface Described {
  readonly type: string;
  /** Empty when it says nothing of itself. */
  readonly message: string;
  readonly stack?: string;
  readonly nonRetryable: boolean;
}

/** @param outer the errors that it is a cause of */
function described(thrown: unknown, outer: readonly object[]): Described {
  if (typeof thrown !== 'object' || thrown === null) {
    return { type: 'Error', message: typeof thrown === 'string' ? thrown : '', nonRetryable: false };
  }
  const [name, stack, isFinal] = [read(thrown, 'name'), read(thrown, 'stack'), read(thrown, 'nonRetryable')];
  const isTemporal = name === 'ApplicationFailure' || isApplicationFailure(thrown);
  const type = [isTemporal ? read(thrown, 'type') : undefined, name].find(isNonEmpty) ?? classNameOf(thrown);
  const isError = types.isNativeError(thrown) || isNonEmpty(name) || typeof stack === 'string';
  const isFinalByName = typeof name === 'string' && NON_RETRYABLE_ERROR_NAMES.includes(name);
  return {
    type,
    message: messageOf(thrown, [...outer, thrown]) || (isError ? `${type} without a message` : ''),
    ...(typeof stack === 'string' ? { stack } : {}),
    // By name as well: an error may come from a copy of a package that the handler brought along.
    nonRetryable: isTemporal ? isFinal === true : isFinalByName,
  };
}

/** The message with the reasons behind it, whatever its length. */
function messageOf(error: object, path: readonly object[]): string {
  const own = textOf(read(error, 'message'));
  const base = own === '' ? textOf(read(error, 'code') ?? read(error, 'errno')) : own;
  const inner = path.length < MAX_DEPTH ? [...listOf(read(error, 'errors')), read(error, 'cause')] : [];
  const reasons = [...new Set(inner.map((each) => reasonOf(each, base, path)).filter((reason) => reason !== ''))];
  if (reasons.length === 0) return base;
  // Each has its share, so that none of them is cut off by another one's length.
  const share = Math.floor(MAX_REASONS_CHARS / reasons.length);
  const joined = reasons.map((reason) => truncate(reason, share)).join('; ');
  return base === '' ? joined : `${truncate(base, MAX_FAILURE_CHARS.message - joined.length - 3)} (${joined})`;
}

/** Empty when it says nothing that is not said already. */
function reasonOf(cause: unknown, said: string, path: readonly object[]): string {
  if (cause === undefined || cause === null) return '';
  if (typeof cause !== 'object') return said.includes(textOf(cause)) ? '' : truncate(textOf(cause), MAX_REASONS_CHARS);
  if (path.includes(cause)) return '';
  const { type, message } = described(cause, path);
  if (message !== '' && said.includes(message)) return '';
  return truncate(message === '' ? valueText(cause) : `${type}: ${message}`, MAX_REASONS_CHARS);
}

/** Each property is asked for once: a getter may give something else the next time. */
function read(from: object, property: string): unknown {
  try {
    return (from as Readonly<Record<string, unknown>>)[property];
  } catch {
    return undefined;
  }
}

/** HTTP clients and validators give lists and objects for messages. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  const list = listOf(value);
  if (list.length > 0) return list.map((each) => (typeof each === 'string' ? each : valueText(each))).join(', ');
  return valueText(value);
}

/** The first few of a list, and how many more there are; none of what is no list. */
function listOf(value: unknown): readonly unknown[] {
  try {
    if (!Array.isArray(value)) return [];
    const first = Array.from({ length: Math.min(value.length, MAX_SHOWN) }, (_, index): unknown => value[index]);
    return value.length > MAX_SHOWN ? [...first, `and ${value.length - MAX_SHOWN} more`] : first;
  } catch {
    return [];
  }
}

function valueText(value: unknown): string {
  if (value === '') return 'an empty string';
  if (typeof value === 'function') {
    const name = read(value, 'name');
    return isNonEmpty(name) ? `the function ${name}` : 'a function without a name';
  }
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return objectText(value);
  } catch {
    return 'an object that cannot be read';
  }
}

/** `instanceof` runs code of what it asks about. */
function isApplicationFailure(thrown: object): boolean {
  try {
    return thrown instanceof ApplicationFailure;
  } catch {
    return false;
  }
}

/** Of an error whose name is none. A plain object is an Error here, too: its class says nothing. */
function classNameOf(thrown: object): string {
  const constructor = read(thrown, 'constructor');
  const name = typeof constructor === 'function' ? read(constructor, 'name') : undefined;
  return isNonEmpty(name) && name !== 'Object' && name !== 'Array' ? name : 'Error';
}

function isNonEmpty(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
