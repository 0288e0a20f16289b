/** What arrives at a host while it recovers, and afterwards. */
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EndedRun } from '../../../../contracts/run.ts';
import { Inbox, type InboxOptions } from '../../../../workflows/shared/inbox.ts';
import { Turns } from '../../../../workflows/shared/turns.ts';
import type { Runtime } from '../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));

let runtime: Runtime;
beforeEach(() => {
  runtime = newRuntime();
});
afterAll(restoreClock);

const ENDED: EndedRun = { runId: 'before', how: 'TERMINATED', at: 1 };
const IN_BETWEEN: EndedRun = { runId: 'in between', how: 'TIMED_OUT', at: 2 };

class Arrivals {
  readonly turns = new Turns();
  readonly applied: string[] = [];
  signals = 0;
  readonly inbox: Inbox;

  constructor(options: Partial<InboxOptions> = {}) {
    const onSignal = () => (this.signals += 1);
    const none = { predecessor: undefined, after: undefined, neverCompletes: false };
    this.inbox = new Inbox({ turns: this.turns, onSignal, ...none, ...options });
  }

  signal(name: string): void {
    this.inbox.signal(() => void this.applied.push(name));
  }

  /** @returns the runs that the host was asked to recover */
  async recover(): Promise<readonly EndedRun[]> {
    const read: EndedRun[] = [];
    await runtime.start(async () => {
      await this.inbox.recover(async (ended) => {
        await runtime.schedule('snapshot', []);
        this.applied.push('recovered');
        read.push(ended);
      });
    });
    return read;
  }
}

describe('an inbox', () => {
  test('applies at once what arrives at a run that recovers nothing, and counts signals', async () => {
    const arrivals = new Arrivals();
    expect(await arrivals.recover()).toEqual([]);
    arrivals.signal('a');
    arrivals.inbox.take(() => void arrivals.applied.push('update'));
    expect(arrivals).toMatchObject({ applied: ['a', 'update'], signals: 1 });
    expect(arrivals.turns.begin('short')).toBe(true);
  });

  test('O1: what arrives while a run recovers comes behind what the terminated run held, in the order of arrival', async () => {
    const arrivals = new Arrivals({ predecessor: ENDED });
    arrivals.signal('first');
    const read = await arrivals.recover();
    arrivals.signal('second');
    arrivals.inbox.take(() => void arrivals.applied.push('update'));
    expect(arrivals).toMatchObject({ applied: [], signals: 2 });
    await runtime.activity('snapshot').resolve();
    expect(read).toEqual([ENDED]);
    expect(arrivals.applied).toEqual(['recovered', 'first', 'second', 'update']);
    arrivals.signal('third');
    expect(arrivals.applied.at(-1)).toBe('third');
  });

  test('says in views and snapshots which run is being recovered, until it is', async () => {
    const arrivals = new Arrivals({ predecessor: ENDED });
    const held = () => ({ state: 'held', items: 1 });
    await arrivals.recover();
    expect(arrivals.inbox.inView({ count: 1 })).toEqual({ count: 1, recovering: ENDED });
    expect(arrivals.inbox.inSnapshot(held)).toEqual({ kind: 'recovering', predecessor: ENDED });
    await runtime.activity('snapshot').resolve();
    expect(arrivals.inbox.inView({ count: 1 })).toEqual({ count: 1 });
    expect(arrivals.inbox.inSnapshot(held)).toEqual({ kind: 'state', state: 'held', items: 1 });
  });

  test('O5: recovers the run that came before, where that is another one than its starter has seen', async () => {
    const after = { runId: 'before', seenAt: runtime.now };
    const arrivals = new Arrivals({ predecessor: ENDED, after });
    const read = await arrivals.recover();
    await runtime.pass(10_000);
    await runtime.activity('precedingRun').resolve({ state: 'ended', run: IN_BETWEEN });
    expect(arrivals.inbox.predecessor).toEqual(IN_BETWEEN);
    await runtime.activity('snapshot').resolve();
    expect(read).toEqual([IN_BETWEEN]);
  });

  test.each([
    { neverCompletes: false, expected: [] },
    { neverCompletes: true, expected: [ENDED] },
  ])('recovers nothing of a run that completed, unless its workflow never does: $neverCompletes', async (given) => {
    const { neverCompletes, expected } = given;
    const after = { runId: 'before', seenAt: runtime.now };
    const arrivals = new Arrivals({ predecessor: ENDED, after, neverCompletes });
    arrivals.signal('a');
    const read = await arrivals.recover();
    await runtime.pass(10_000);
    await runtime.activity('precedingRun').resolve({ state: 'completed', runId: 'before' });
    if (neverCompletes) await runtime.activity('snapshot').resolve();
    expect(read).toEqual(expected);
    expect(arrivals.applied.at(-1)).toBe('a');
  });

  test('counts a signal that cannot be parsed, logs it once with what was wrong, and applies nothing', () => {
    const arrivals = new Arrivals();
    arrivals.inbox.malformed('records', { leaseUntil: 'x' }, '`leaseUntil` is not a number');
    arrivals.inbox.malformed('records', null);
    expect(arrivals).toMatchObject({ applied: [], signals: 2 });
    const message = 'Ignored a malformed `records` signal';
    expect(runtime.logs).toEqual([
      {
        level: 'error',
        message,
        fields: { signal: { leaseUntil: 'x' }, problem: '`leaseUntil` is not a number', ignoredInThisRun: 1 },
      },
      { level: 'error', message, fields: { signal: null, ignoredInThisRun: 2 } },
    ]);
  });
});
