/** What the commands print of texts that come from outside: keys, failures, reasons, data. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLog } from '../../../../cli/log.ts';
import { NoSuchLaneError, NothingToDecideError } from '../../../../operations/errors.ts';
import type { ObservedLane } from '../../../../operations/lanes/lane-view.ts';
import { renderBacklog } from '../../../../cli/render/backlog.ts';
import { renderBlocked } from '../../../../cli/render/blocked.ts';
import { renderDecision } from '../../../../cli/render/decision.ts';
import { jsonText } from '../../../../cli/render/json.ts';
import { renderLane } from '../../../../cli/render/lane.ts';
import { renderQuarantine } from '../../../../cli/render/quarantine.ts';
import type { Decision } from '../../../../contracts/lane/decision.ts';
import { visibleName } from '../../../../lib/pure/visible.ts';
import { ACTED_ON, hostileText } from '../../../support/hostile-text.ts';
import { rejection } from '../../../../contracts/rejection.ts';
import { FAILING, FAILURE, keylessRecords, laneEvent } from '../../../support/lane-events.ts';
import { PLAIN } from '../fake-io.ts';

const WHERE = { program: 'keylane', style: PLAIN, now: 5000, full: false };
const REFUSED: Decision = {
  verb: 'skip',
  outcome: 'refused',
  at: 0,
  by: 'ann',
  stateBefore: 'blocked',
  stateAfter: 'blocked',
};

function laneOf(key: string, text: string): ObservedLane {
  const failure = { ...FAILURE, type: text, message: text, stack: `${text}\n    at ${text}` };
  return {
    pipeline: 'orders',
    key,
    workflowId: `orders:${key}`,
    phase: { state: 'blocked', ...FAILING, failure },
    head: laneEvent(1, undefined, text),
    waiting: 0,
    next: [],
    handled: 0,
    decisions: [{ ...REFUSED, by: text, reason: text, why: text, position: text }],
    marks: {},
  };
}

/** All the ways in which a key and a text get to a terminal. */
function printed(key: string, text: string): string[] {
  const lane = laneOf(key, text);
  const name = `orders:${key}`;
  const target = { pipeline: 'orders', key, name };
  const page = { skipped: 0, total: 9, events: [{ position: 's:1', arrivedAt: 0, size: 1 }] };
  const { failure } = FAILING;
  const listed = { ...lane, attempts: 1, position: text, failure: { ...failure, message: text }, exact: true };
  const record = { ...keylessRecords(1, 1)[0]!, reason: text, partitionKey: key, data: { text } };
  const view = { count: 1, segments: [], records: [], pending: [], decisions: [], lost: text };
  const quarantine = { pipeline: 'orders', view, records: [record], more: false, gone: [], problem: text };
  return [
    renderLane(lane, { ...WHERE, name }),
    renderLane({ ...lane, phase: { state: 'paused', since: 0, by: text, reason: text } }, { ...WHERE, name }),
    renderBacklog(page, { ...WHERE, target, limit: 1 }),
    renderBlocked({ lanes: [{ ...listed, cause: text }], total: 1 }, { ...WHERE, nameOf: () => name }),
    renderDecision(name, { ...REFUSED, position: text }, PLAIN),
    renderQuarantine(quarantine, { ...WHERE, named: true }),
    new NoSuchLaneError('orders', key, undefined).message,
    new NothingToDecideError('skip', 'orders', key, rejection('no-failed-event', 'it is idle')).message,
    jsonText({ key, text }),
    pretty(key, text),
    json(key, text),
  ];
}

function pretty(key: string, text: string): string {
  return logged('pretty', key, text);
}

function json(key: string, text: string): string {
  return logged('json', key, text);
}

function logged(logFormat: 'pretty' | 'json', key: string, text: string): string {
  let written = '';
  const log = createLog({ logFormat }, { write: (line) => (written += line) }, false);
  const err = Object.assign(new Error(text), { code: text });
  log.warn({ key, nested: { [key]: [text] }, err }, `of ${key}`);
  return written;
}

test('no control sequence of a key, a failure or data reaches a terminal (fault E2)', () => {
  fc.assert(
    fc.property(hostileText(), hostileText(), (key, text) => {
      for (const output of printed(key, text)) expect(output.replaceAll(/[\n\t]/g, '')).not.toMatch(ACTED_ON);
    }),
    { numRuns: 200 },
  );
});

test('a JSON document and a JSON log line say the same as before (fault E2)', () => {
  fc.assert(
    fc.property(hostileText(), hostileText(), (key, text) => {
      expect(JSON.parse(jsonText({ key, text }))).toEqual({ key, text });
      expect(JSON.parse(json(key, text))).toMatchObject({ key, msg: `of ${key}` });
    }),
    { numRuns: 200 },
  );
});

test('no terminal wraps a failure, a stack or data into its first column (fault E2)', () => {
  const style = { ...PLAIN, width: 80 };
  fc.assert(
    fc.property(hostileText(), fc.integer({ min: 60, max: 200 }), (text, spaces) => {
      const forged = `${text}${' '.repeat(spaces)}To unblock`;
      const { head, phase, ...rest } = laneOf('a', forged);
      const lane = { ...rest, head: head!, phase, decisions: [] };
      const output = renderLane(lane, { ...WHERE, style, name: 'a' });
      const wide = output.split('\n').filter((line) => line.length > 80 && !line.includes('keylane '));
      expect(wide).toEqual([]);
      expect(output.split('\n').filter((line) => line.startsWith('To unblock'))).toHaveLength(1);
    }),
    { numRuns: 200 },
  );
});

test('only data and stacks have lines of their own: no other text begins one (fault E2)', () => {
  const linesOf = (output: string): number => output.split('\n').length;
  const [, paused, backlog, blocked, decision, , missing, nothing] = printed('a', 'b').map(linesOf);
  fc.assert(
    fc.property(hostileText(), (key) => {
      const now = printed(key, 'b').map(linesOf);
      expect(now.slice(1, 5)).toEqual([paused, backlog, blocked, decision]);
      expect(now.slice(6, 8)).toEqual([missing, nothing]);
      expect(renderDecision(key, REFUSED, PLAIN).startsWith(`${visibleName(key)}: skipped`)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
