import { z } from 'zod';
import { durationMs, type Duration } from '../contracts/public/duration.ts';
import { formatSize, sizeBytes, type Size } from '../contracts/public/size.ts';

/*
 * The kinds of field that settings are made of. Every message says what is allowed, in a form that reads well after the field's name and its value.
 */

/** Node's timers cannot wait longer: they fire at once instead. */
const MAX_DURATION_MS = 24 * 86_400_000;
const DURATION_FORM = 'milliseconds, or a string such as "500ms", "30s", "5m", "2h"';

/**
 * An object with these fields and no others. The message for unknown ones is the list of the known: see problems.ts.
 */
export function fields<Shape extends z.core.$ZodShape>(shape: Shape, what: string) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(', ') : `must be ${what}`),
  });
}

/** A value that passes the test. A wrong one does not keep the checks of the object around it from running. */
export function checked<T>(
  test: (value: unknown) => boolean,
  error: string | ((issue: { readonly input: unknown }) => string),
) {
  return z.custom<T>(test, { error, abort: false });
}

/** A length of time above zero. `min` and `why` are for a limit that a guarantee sets. */
export function duration(min?: { readonly ms: number; readonly why: string }) {
  const isAllowed = (ms: number | undefined) => ms !== undefined && ms > (min?.ms ?? 0) && ms <= MAX_DURATION_MS;
  return checked<Duration>(
    (value) => isAllowed(durationMs(value)) && !mayBeSeconds(value),
    ({ input }) => {
      const ms = durationMs(input);
      if (ms === undefined) return `must be a duration: ${DURATION_FORM}`;
      if (mayBeSeconds(input)) return `is ${input} milliseconds; write "${input}ms" if that is meant, or "${input}s"`;
      if (min !== undefined && ms <= min.ms) return min.why;
      return 'must be more than 0 and at most 24d';
    },
  );
}

/** Many tools count in seconds, so less than a second must be written with its unit. */
function mayBeSeconds(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 1000;
}

export function wholeNumber(min: number, max: number) {
  return checked<number>(
    (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    `must be a whole number from ${min} to ${max}`,
  );
}

/** An amount of data. */
export function size(min: number, max: number) {
  return checked<Size>(
    (value) => {
      const bytes = sizeBytes(value);
      return bytes !== undefined && bytes >= min && bytes <= max;
    },
    `must be a size from ${formatSize(min)} to ${formatSize(max)}: bytes, or a string such as "128 KiB", "1 MiB"`,
  );
}

export function text(pattern: RegExp, what: string) {
  return checked<string>((value) => typeof value === 'string' && pattern.test(value), `must be ${what}`);
}

/** A function that returns its result and not a promise. */
export function oneFunction<F>(what: string) {
  return checked<F>(
    (value) => typeof value === 'function' && !isAsync(value),
    ({ input }) =>
      typeof input === 'function' ? `is async, but its promise is not awaited: it must be ${what}` : `must be ${what}`,
  );
}

/** True for functions that are declared async. Other functions may still return a promise when they are called. */
function isAsync(value: object): boolean {
  return ['[object AsyncFunction]', '[object AsyncGeneratorFunction]'].includes(Object.prototype.toString.call(value));
}
