import { expect, test } from 'vitest';
import type { FilterError } from '../../../../sources/filter/errors.ts';
import { compileFilter } from '../../../../sources/filter/filter.ts';

const messageOf = (pattern: object): string | undefined => {
  try {
    compileFilter('dynamodb', [pattern]);
    return undefined;
  } catch (error) {
    return (error as FilterError).problems[0]?.message;
  }
};

test.each([
  { eventName: ['INSERTED'] },
  { eventName: ['insert'] },
  { eventName: ['INSERT', 'UPDATE'] },
  { eventName: [{ prefix: 'DEL' }] },
  { eventName: [{ 'anything-but': ['INSERT', 'MODIFY', 'REMOVE'] }] },
  { eventName: [{ exists: false }] },
  { $or: [{ eventName: ['DELETE'] }, { eventName: ['INSERT'] }] },
  { eventSource: ['aws:kinesis'] },
  { dynamodb: { StreamViewType: ['NEW_IMAGES'] } },
])('O4: a rule for a value that DynamoDB never has is refused (fault H7): %j', (pattern) => {
  expect(messageOf(pattern)).toMatch(
    /^can never match: the value is (one of INSERT, MODIFY, REMOVE|always aws|one of KEYS)/,
  );
});

test.each([
  { eventName: ['INSERT'] },
  { eventName: [{ prefix: 'RE' }] },
  { eventName: [{ 'equals-ignore-case': 'modify' }] },
  { eventName: [{ 'anything-but': 'REMOVE' }] },
  { eventName: [{ exists: true }] },
  { eventSource: ['aws:dynamodb'] },
])('a rule for one that it has is taken: %j', (pattern) => {
  expect(messageOf(pattern)).toBeUndefined();
});
