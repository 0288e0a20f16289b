/** What is recovered of a terminated run, whatever the answers are, and however often runs were terminated while they recovered. */
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunSnapshot } from '../../../../../contracts/run.ts';
import { recoverRun, type Recovery } from '../../../../../workflows/shared/recovery/recover-run.ts';
import { list, number, object, parse, string } from '../../../../../lib/pure/shape.ts';
import type { Runtime } from '../../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../../support/workflow-stand-in/workflow.ts'));

let runtime: Runtime;
beforeEach(() => (runtime = newRuntime()));
afterAll(restoreClock);

const HOUR_OVER = new Error('no worker');
const runOf = (runId: string) => ({ runId, how: 'TERMINATED', at: Date.UTC(2026, 0, 1) });
const LATER = { page: 'bGF0ZXI=', after: 20 };
const BEGINNING = { page: null, after: 0 };

const item = object<{ readonly n: number }>({ n: number });
const state = object<{ readonly name: string }>({ name: string });

/** Keeps everything in a list, in the order in which it was given. */
const RECOVERY: Recovery<{ readonly name: string }, { readonly n: number }, { readonly n: number }, string[]> = {
  subject: 'This host',
  consequence: 'Something may be missing.',
  parse: {
    state: (value) => parse(state, value),
    carried: (value) => parse(state, value),
    items: (value) => parse(list(item), value),
    signal: (value) => parse(item, value),
  },
  empty: () => ['empty'],
  begin: ({ name }) => [name],
  addItems: (recovered, items) => [...recovered, ...items.map(({ n }) => `item ${n}`)],
  addSignals: (recovered, signals) => [...recovered, ...signals.map(({ n }) => `signal ${n}`)],
  markLost: (recovered, message) => [...recovered, message],
};

interface Recovering {
  recovered?: readonly string[];
  error?: unknown;
}

async function begin(runId = 'r1'): Promise<Recovering> {
  const recovering: Recovering = {};
  await runtime.start(async () => {
    try {
      recovering.recovered = await recoverRun(runOf(runId), RECOVERY);
    } catch (error) {
      recovering.error = error;
    }
  });
  return recovering;
}

async function answer(name: string, value: unknown): Promise<readonly unknown[]> {
  const call = runtime.activity(name);
  await call.resolve(value);
  return call.args;
}

const snapshot = (items: number, unseen = LATER) =>
  answer('runSnapshot', { kind: 'snapshot', snapshot: { kind: 'state', state: { name: 'r1' }, items }, unseen });
const page = (...items: readonly unknown[]) => answer('snapshotPage', { kind: 'page', items });
const signals = (next: typeof LATER | null, ...all: readonly unknown[]) =>
  answer('unseenSignals', { kind: 'signals', signals: all, next });
const gone = (name: string) => answer(name, { kind: 'gone' });

const lost = (what: string, why: string) =>
  `This host was terminated externally (TERMINATED at 2026-01-01T00:00:00.000Z, run r1). ${what} could not be read: ` +
  `${why}. Something may be missing.`;
const GONE = 'Temporal does not have that run anymore';

describe('O1 O4 O5: a run recovers', () => {
  test('the state, then the items of all pages, then the signals of all pages, each in order', async () => {
    const recovering = await begin();
    await snapshot(3);
    await page({ n: 1 }, { n: 2 });
    expect(await page({ n: 3 })).toEqual([{ workflowId: 'workflow', runId: 'r1' }, 2]);
    expect(await signals({ page: 'bmV4dA==', after: 30 }, { n: 4 })).toEqual([
      { workflowId: 'workflow', runId: 'r1' },
      LATER,
    ]);
    // A page of other signals, and the last page.
    expect((await signals({ page: 'bGFzdA==', after: 40 }))[1]).toEqual({ page: 'bmV4dA==', after: 30 });
    expect((await signals(null, { n: 5 }))[1]).toEqual({ page: 'bGFzdA==', after: 40 });
    expect(recovering.recovered).toEqual(['r1', 'item 1', 'item 2', 'item 3', 'signal 4', 'signal 5']);
    expect(runtime.activities).toEqual([]);
  });

  test.each([
    { what: 'what an earlier run carried over to it', carried: { name: 'carried' }, first: 'carried' },
    { what: 'nothing but its signals', carried: null, first: 'empty' },
  ])('from a run that never did anything $what', async ({ carried, first }) => {
    const recovering = await begin();
    await answer('runSnapshot', { kind: 'input', carried, predecessor: null, unseen: BEGINNING });
    await signals(null, { n: 1 });
    expect(recovering.recovered).toEqual([first, 'signal 1']);
  });

  test('from a run that was itself recovering what its predecessor held, and all that both were sent', async () => {
    const recovering = await begin('r3');
    const second: RunSnapshot<never> = { kind: 'recovering', predecessor: runOf('r2') };
    // A workflow task of it has seen some of its signals; they were waiting for the recovery.
    await answer('runSnapshot', { kind: 'snapshot', snapshot: second, unseen: LATER });
    const input = { kind: 'input', carried: null, predecessor: runOf('r1'), unseen: BEGINNING };
    expect((await answer('runSnapshot', input))[0]).toMatchObject({ runId: 'r2' });
    await snapshot(1);
    await page({ n: 1 });
    expect(await signals(null, { n: 2 })).toMatchObject([{ runId: 'r1' }, LATER]);
    expect(await signals(null, { n: 3 })).toMatchObject([{ runId: 'r2' }, BEGINNING]);
    expect(await signals(null, { n: 4 })).toMatchObject([{ runId: 'r3' }, BEGINNING]);
    expect(recovering.recovered).toEqual(['r1', 'item 1', 'signal 2', 'signal 3', 'signal 4']);
  });

  test('every signal but those that no bridge can have sent, which are logged', async () => {
    const recovering = await begin();
    await snapshot(0);
    await signals(null, { n: 1 }, null, { n: 'two' }, { n: 3 });
    expect(recovering.recovered).toEqual(['r1', 'signal 1', 'signal 3']);
    expect(runtime.logs.map(({ message }) => message)).toEqual([
      'Ignored a malformed `records` signal of a terminated run',
      'Ignored a malformed `records` signal of a terminated run',
    ]);
  });
});

describe('O5: what cannot be read is marked as lost, and the rest is recovered:', () => {
  test('the run is gone', async () => {
    const recovering = await begin();
    await gone('runSnapshot');
    expect(recovering.recovered).toEqual(['empty', lost('What it held', GONE)]);
    expect(runtime.activities).toEqual([]);
  });

  test('the query fails for about an hour', async () => {
    const recovering = await begin();
    await runtime.activity('runSnapshot').reject(HOUR_OVER);
    expect(recovering.recovered).toEqual([
      'empty',
      lost('What it held', 'no worker could read it within about an hour'),
    ]);
  });

  test('a page is lost, and the signals are there', async () => {
    const recovering = await begin();
    await snapshot(3);
    await page({ n: 1 });
    await runtime.activity('snapshotPage').reject(HOUR_OVER);
    await signals(null, { n: 4 });
    const why = 'no worker could read it within about an hour';
    expect(recovering.recovered).toEqual(['r1', 'item 1', lost('Some of what it held', why), 'signal 4']);
  });

  test('the run is gone half way', async () => {
    const recovering = await begin();
    await snapshot(1);
    await page({ n: 1 });
    await signals({ page: 'bmV4dA==', after: 30 }, { n: 2 });
    await gone('unseenSignals');
    expect(recovering.recovered).toEqual(['r1', 'item 1', 'signal 2', lost('Some of what it was sent', GONE)]);
  });

  test('a page is empty although the run has said that there are more items', async () => {
    const recovering = await begin();
    await snapshot(2);
    await page({ n: 1 });
    await page();
    await signals(null);
    expect(recovering.recovered).toEqual(['r1', 'item 1', lost('Some of what it held', 'there is no item 1')]);
  });

  test('the predecessor of a run that was recovering is gone, and that run has signals of its own', async () => {
    const recovering = await begin('r2');
    await answer('runSnapshot', { kind: 'input', carried: null, predecessor: runOf('r1'), unseen: BEGINNING });
    await gone('runSnapshot');
    await signals(null, { n: 1 });
    expect(recovering.recovered).toEqual(['empty', lost('What it held', GONE), 'signal 1']);
  });
});

describe('O5: an answer that cannot be parsed is no loss:', () => {
  test('it is asked for again after a minute, and another process may answer', async () => {
    const recovering = await begin();
    await answer('runSnapshot', { kind: 'snapshot', snapshot: { kind: 'state', state: {}, items: 0 }, unseen: LATER });
    expect(runtime.activities).toEqual([]);
    await runtime.pass(60_000);
    await snapshot(0);
    await signals(null);
    expect(recovering.recovered).toEqual(['r1']);
    expect(runtime.logs).toMatchObject([{ fields: { problem: '`name` must be a string, not missing' } }]);
  });

  test('after the third one the workflow task fails', async () => {
    const recovering = await begin();
    await snapshot(1);
    for (let asked = 0; asked < 3; asked += 1) {
      await page({ n: 'one' });
      await runtime.pass(60_000);
    }
    expect(recovering.recovered).toBeUndefined();
    expect(recovering.error).toMatchObject({ name: 'InvalidValueError', problem: expect.stringContaining('[0].n') });
  });
});
