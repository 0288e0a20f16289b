import { expect, test } from 'vitest';
import type { Decision } from '../../../../contracts/lane/decision.ts';
import { renderDecision } from '../../../../cli/render/decision.ts';
import { PLAIN } from '../fake-io.ts';

const decision: Decision = {
  verb: 'skip',
  outcome: 'done',
  at: 0,
  by: 'ann',
  position: 's:1',
  stateBefore: 'blocked',
  stateAfter: 'idle',
};

test.each([
  [decision, 'a: skipped record s:1 (was blocked, continues)'],
  [{ ...decision, verb: 'retry', stateAfter: 'retrying' }, 'a: retried record s:1 (was blocked, is retrying)'],
  [{ ...decision, verb: 'pause', stateAfter: 'paused' }, 'a: paused record s:1 (was blocked, is paused)'],
] satisfies (readonly [Decision, string])[])('a decision says what the key does now: %#', (given, text) => {
  expect(renderDecision('a', given, PLAIN)).toBe(text);
});
