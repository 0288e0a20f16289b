import { expect, test } from 'vitest';
import type { QuarantineDecision } from '../../../../contracts/quarantine/decision.ts';
import { quarantineDecisionsDocument } from '../../../../operations/documents/quarantine-decision.ts';
import { quarantineDocument } from '../../../../operations/documents/quarantine.ts';
import { checkedDocument } from '../../../support/documents.ts';
import { keylessRecords } from '../../../support/lane-events.ts';

const decision: QuarantineDecision = {
  id: 'a',
  verb: 'retry',
  outcome: 'going on',
  at: 1000,
  by: 'ann',
  target: 'all records',
  decided: 2,
  kept: 1,
  records: [{ position: 's:1', reason: 'none', key: 'a', dataBefore: '{}' }],
  firstKept: { position: 's:3', reason: 'The key function returned undefined' },
};
const view = { count: 2, segments: [], records: [], pending: [decision], decisions: [] };

test('a page has the problem of the quarantine, its records and its decisions', () => {
  const page = { pipeline: 'orders', view, records: keylessRecords(1, 1), more: true, gone: [], problem: 'Gone.' };
  expect(checkedDocument(quarantineDocument([page]))).toMatchObject({
    kind: 'quarantine',
    pipelines: [
      {
        pipeline: 'orders',
        count: 2,
        problem: 'Gone.',
        records: [{ position: 'shardId-000000000000:1', data: { json: { n: 1 } } }],
        pending: [{ outcome: 'in progress', resolved: 2, unresolved: 1 }],
      },
    ],
  });
});

test('a decision says how many records it has resolved, and why the first of the others stays', () => {
  const rejected = { ...decision, outcome: 'refused', code: 'still-without-key', decided: 0, records: [] } as const;
  expect(checkedDocument(quarantineDecisionsDocument('orders', [rejected])).decisions).toMatchObject([
    {
      at: '1970-01-01T00:00:01.000Z',
      outcome: 'refused',
      code: 'still-without-key',
      resolved: 0,
      firstUnresolved: { position: 's:3' },
    },
  ]);
});
