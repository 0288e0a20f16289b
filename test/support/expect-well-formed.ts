import { expect } from 'vitest';
import { MAX_FAILURE_CHARS, type Failure } from '../../contracts/event/failure.ts';

/** Whether a failure may be stored, sent and read. */
export function expectWellFormed({ type, message, stack = '', nonRetryable }: Failure, what?: string): void {
  for (const [text, max] of [
    [type, MAX_FAILURE_CHARS.type],
    [message, MAX_FAILURE_CHARS.message],
    [stack, MAX_FAILURE_CHARS.stack],
  ] as const) {
    expect(typeof text, what).toBe('string');
    expect(text.length, what).toBeLessThanOrEqual(max);
    expect(text.isWellFormed(), what).toBe(true);
    expect(text.includes('\0'), what).toBe(false);
  }
  expect(type, what).not.toBe('');
  expect(message, what).not.toBe('');
  expect(typeof nonRetryable, what).toBe('boolean');
}
