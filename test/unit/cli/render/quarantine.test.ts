import { expect, test } from 'vitest';
import { quarantineProblem, type QuarantinePage } from '../../../../operations/quarantine/quarantine-view.ts';
import { renderQuarantine, renderQuarantineDecision } from '../../../../cli/render/quarantine.ts';
import { styleFor } from '../../../../cli/render/style.ts';
import type { QuarantineDecision } from '../../../../contracts/quarantine/decision.ts';
import { keylessRecords } from '../../../support/lane-events.ts';

const NOW = 1_700_000_100_000;
const style = styleFor({ isTTY: false } as never, {});
const context = { program: 'keylane', style, now: NOW, full: false, named: true };
const decision: QuarantineDecision = {
  id: 'a',
  verb: 'retry',
  outcome: 'done',
  at: NOW - 5000,
  by: 'ann',
  reason: 'the new field',
  why: '1 still without a key',
  target: 'all records',
  decided: 2,
  kept: 1,
  records: [{ position: 's:1', reason: 'none', key: 'a', dataBefore: '{}' }],
  firstKept: { position: 's:3', reason: 'The key function returned undefined' },
};
const view = { count: 2, segments: [], records: [], pending: [], decisions: [decision] };
const page: QuarantinePage = { pipeline: 'orders', view, records: keylessRecords(1, 1), more: true, gone: [] };

test('records, the way to the next page, decisions, and the ways out', () => {
  expect(renderQuarantine(page, context)).toMatchInlineSnapshot(`
    "orders  quarantine 2 records

    shardId-000000000000:1
      arrived 1m39s ago (2023-11-14T22:13:20.001Z), 10 bytes
      The key function returned undefined
      {
        "n": 1
      }

    More: keylane quarantine list orders --after shardId-000000000000:1

    Decisions
      WHEN    VERB   BY   RESULT  RESOLVED  UNRESOLVED  TARGET       WHY
      5s ago  retry  ann  done    2         1           all records  the new field; 1 still without a key

    To resolve
      run the current key function again  keylane quarantine retry --all --pipeline orders
      drop a record for good              keylane quarantine skip POSITION --pipeline orders
      give it new data, and find its key  keylane quarantine replace POSITION --data '{...}' --pipeline orders"
  `);
});

test('O5 how it was terminated externally, and what is lost, stands above all', () => {
  const ended = quarantineProblem({ lost: 'Gone.' }, { how: 'TERMINATED' });
  expect(ended).toContain('terminated externally (TERMINATED)');
  expect(renderQuarantine({ ...page, problem: ended! }, context).split('\n\n')[1]).toBe(ended);
  const taking = quarantineProblem({ recovering: { runId: 'r', how: 'TIMED_OUT', at: NOW } }, undefined);
  expect(taking).toBe('It is recovering what it held when it was terminated (TIMED_OUT).');
  const lost = { ...page, view: { ...view, lost: 'Gone.' }, problem: 'Gone.' };
  expect(renderQuarantine(lost, context).split('\n\n')[1]).toBe(
    'Gone. To dismiss this message (it skips all records, too): keylane quarantine skip --all --pipeline orders',
  );
  expect(quarantineProblem({}, undefined)).toBeUndefined();
});

test('what a verb did, and why some of it stays', () => {
  expect(renderQuarantineDecision('orders', decision, style)).toMatchInlineSnapshot(`
    "orders: retried 2 records
      s:1 to key a
      and 1 more
      1 unresolved; s:3: The key function returned undefined"
  `);
});
