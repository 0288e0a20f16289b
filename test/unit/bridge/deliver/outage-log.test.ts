import { pino } from 'pino';
import { expect, test } from 'vitest';
import { OutageLog } from '../../../../bridge/deliver/outage-log.ts';

function open() {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  return { outage: new OutageLog(log, 'Temporal'), lines };
}

test('an outage is told once, and its end once', () => {
  const { outage, lines } = open();
  outage.succeeded(1);
  outage.failed(new Error('no connection'), 2);
  outage.failed(new Error('no connection'), 3);
  outage.succeeded(4);
  outage.succeeded(5);
  expect(lines).toEqual(['Cannot reach Temporal, retrying', 'Reached Temporal again']);
  outage.failed(new Error('no connection'), 6);
  expect(lines).toHaveLength(3);
});

test('a call that fails while others succeed is no outage', () => {
  const { outage, lines } = open();
  outage.succeeded(10);
  outage.failed(new Error('deadline exceeded'), 5);
  expect(lines).toEqual([]);
});
