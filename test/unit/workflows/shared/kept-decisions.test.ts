import { expect, test } from 'vitest';
import { jsonBytes } from '../../../../lib/pure/json-bytes.ts';
import { keptDecisions } from '../../../../workflows/shared/kept-decisions.ts';

test('O5 the decisions that a lane carries take a part of what a run may be given, the latest is kept (fault D6)', () => {
  const decisions = Array.from({ length: 30 }, (_, at) => ({ at, reason: '\u0001'.repeat(2000) }));
  const kept = keptDecisions(decisions, 20);
  expect(jsonBytes(kept)).toBeLessThanOrEqual(128 * 1024);
  expect(kept.at(-1)?.at).toBe(29);
  expect(kept.length).toBeGreaterThan(5);
  expect(keptDecisions([{ at: 1, reason: 'x'.repeat(200_000) }], 20)).toHaveLength(1);
});
