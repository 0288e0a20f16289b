import { expect, test } from 'vitest';
import type { Outcome } from '../../../../operations/decisions/outcome.ts';
import { renderOutcome } from '../../../../cli/render/outcome.ts';
import { PLAIN } from '../fake-io.ts';

const failure = { type: 'TypeError', message: 'total is\nmissing', nonRetryable: false };

test.each([
  [{ record: 'handled', lane: 'idle', waiting: 0 }, 'handled; no events wait'],
  [{ record: 'handled', lane: 'running', waiting: 1, head: 's:2' }, 'handled; 1 event waits'],
  [
    { record: 'skipped', lane: 'blocked', waiting: 3, head: 's:2', failure, attempts: 1 },
    'skipped; 3 events wait; the next record s:2 is blocked: TypeError: total is missing',
  ],
  [
    { record: 'failed again', lane: 'blocked', waiting: 3, head: 's:1', failure, attempts: 4 },
    'failed again, attempt 4: TypeError: total is missing; 2 events wait behind it',
  ],
  [
    { record: 'not done yet', lane: 'retrying', waiting: 1, head: 's:1', failure, attempts: 2 },
    'not done yet, the key is retrying: TypeError: total is missing; no events wait behind it',
  ],
  [{ record: 'unknown', lane: 'idle', waiting: 0 }, 'result unknown: no worker answers'],
] satisfies (readonly [Outcome, string])[])('%j: %s (fault G1)', (outcome, text) => {
  expect(renderOutcome(outcome, PLAIN)).toBe(text);
});
