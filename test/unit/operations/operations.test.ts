/** The operations against a real server, real lanes and a worker: what an operator sees and does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockedLanes, type BlockedLane } from '../../../operations/lanes/blocked-lanes.ts';
import { decide } from '../../../operations/decisions/decide.ts';
import { NoSuchLaneError, NothingToDecideError } from '../../../operations/errors.ts';
import { NoWorkerError } from '../../../temporal/errors.ts';
import { laneView } from '../../../operations/lanes/lane-view.ts';
import { pipelineStatus } from '../../../operations/pipelines/pipeline-status.ts';
import { openLanes } from '../../../temporal/visibility.ts';
import type { Decision, VerbArgs } from '../../../contracts/lane/decision.ts';
import type { VerbName } from '../../../contracts/names.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import { NonRetryableError } from '../../../contracts/public/errors.ts';
import { devServer } from '../../support/dev-server.ts';
import { eventually } from '../../support/eventually.ts';
import { laneEvent, laneEvents } from '../../support/lane-events.ts';
import { LaneHarness } from '../../support/lane-harness.ts';
import { folderWithPipelines, keylane, type Around } from '../cli/fake-io.ts';

let lanes: LaneHarness;

beforeAll(async () => {
  lanes = await LaneHarness.start({
    handler: (event) => {
      const { n, fixed } = event.json() as { n: number; fixed?: boolean };
      if (n < 100 && fixed !== true) throw new NonRetryableError(`record ${n} is bad`);
    },
  });
});

afterAll(() => lanes.stop());

/** A key whose first record fails and blocks it, with two more behind. */
async function blockedKey(key: string): Promise<string> {
  await lanes.send(key, [laneEvent(1), laneEvent(101), laneEvent(102)]);
  await eventually(async () => (await lanes.view(key)).phase.state === 'blocked');
  return formatPosition(laneEvent(1).position);
}

/** Visibility lags behind: waits until the list has the key, and gives its line. */
function listedLane(key: string): Promise<BlockedLane> {
  return eventually(async () => {
    const { lanes: found } = await blockedLanes(lanes.client, { pipeline: lanes.pipeline });
    return found.find((lane) => lane.key === key) ?? Promise.reject(new Error(`${key} is not listed`));
  });
}

/** The command line with settings for the harness's pipeline and the test's server. */
async function cli(argv: readonly string[], around: Around = {}) {
  const cwd = await folderWithPipelines([lanes.pipeline]);
  return keylane([...argv, '--address', devServer().address], { cwd, ...around });
}

async function json(argv: readonly string[]): Promise<unknown> {
  return JSON.parse((await cli([...argv, '--json'])).stdout);
}

function ask(key: string, verb: VerbName, args: VerbArgs = {}): Promise<Decision> {
  return decide(lanes.client, { pipeline: lanes.pipeline, key, verb, args: { by: 'ana', ...args } });
}

describe('looking', () => {
  test('a blocked key is listed with its record, its failure and how many wait', async () => {
    const position = await blockedKey('list "me" \\ now');
    const lane = await listedLane('list "me" \\ now');
    expect(lane).toMatchObject({ pipeline: lanes.pipeline, position, attempts: 1, waiting: 2, exact: true });
    expect(lane).toMatchObject({
      failure: { type: 'NonRetryableError', message: 'record 1 is bad', nonRetryable: true },
    });
    expect(lane.cause).toBe('NonRetryableError: record # is bad');
    expect(Date.now() - lane.since!).toBeLessThan(60_000);
  });

  test('the limit cuts the list, not the count; another pipeline has its own', async () => {
    await blockedKey('limit-1');
    await blockedKey('limit-2');
    await listedLane('limit-1');
    await listedLane('limit-2');
    const { lanes: found, total } = await blockedLanes(lanes.client, { pipeline: lanes.pipeline, limit: 1 });
    expect(found).toHaveLength(1);
    expect(total).toBeGreaterThan(1);
    expect(await blockedLanes(lanes.client, { pipeline: 'nobody"s' })).toEqual({ lanes: [], total: 0 });
  });

  test('text in a list filter cannot change the filter', async () => {
    const count = (pipeline: string) => lanes.client.workflow.count(openLanes({ pipeline }));
    await lanes.send('count', [laneEvent(100)]);
    await eventually(async () => (await count(lanes.pipeline)).count > 0);
    for (const text of ['" OR "" = "', String.raw`\" OR WorkflowType = "lane`, "x' OR '1'='1"]) {
      expect((await count(text)).count).toBe(0);
    }
  });

  test('a lane is shown; a key without one is not known', async () => {
    await blockedKey('view');
    const view = await laneView(lanes.client, lanes.pipeline, 'view');
    expect(view).toMatchObject({ workflowId: `${lanes.pipeline}:view`, phase: { state: 'blocked' }, waiting: 2 });
    await expect(laneView(lanes.client, lanes.pipeline, 'nobody')).rejects.toThrow(NoSuchLaneError);
  });

  test('lanes are counted by state; a pipeline that never ran has not started', async () => {
    await blockedKey('status');
    await eventually(async () => {
      const status = await pipelineStatus(lanes.client, lanes.pipeline);
      expect(status).toMatchObject({ state: 'not started', quarantined: 0, shards: [] });
      expect(status.lanes.blocked).toBeGreaterThan(0);
    });
  });
});

describe('deciding (O11)', () => {
  test('a skip acts on the record that it names, and a second one on nothing', async () => {
    const position = await blockedKey('skip');
    expect(await ask('skip', 'skip', { position, reason: 'a test order' })).toMatchObject({
      outcome: 'done',
      by: 'ana',
      reason: 'a test order',
      position,
      stateBefore: 'blocked',
    });
    await eventually(async () => (await lanes.view('skip')).handled === 2);
    const again = ask('skip', 'skip', { position });
    await expect(again).rejects.toThrow(NothingToDecideError);
    await expect(again).rejects.toThrow('has been passed');
  });

  test('a replace runs the record again with other data', async () => {
    await blockedKey('replace');
    await ask('replace', 'replace', { data: { n: 1, fixed: true } });
    await eventually(async () => (await lanes.view('replace')).handled === 3);
  });

  test('nothing to decide on a lane that is well; no lane, no decision', async () => {
    await lanes.send('well', laneEvents(100, 101));
    await eventually(async () => (await lanes.view('well')).handled === 2);
    await expect(ask('well', 'retry')).rejects.toThrow(NothingToDecideError);
    await expect(ask('nobody', 'retry')).rejects.toThrow(NoSuchLaneError);
  });

  test('a lane that was terminated is begun again by a verb, which finds what it held (fault G4)', async () => {
    await lanes.send('ended', laneEvents(100, 100));
    await eventually(async () => (await lanes.view('ended')).handled === 1);
    await lanes.lane('ended').terminate();
    expect(await laneView(lanes.client, lanes.pipeline, 'ended')).toMatchObject({ ended: { how: 'TERMINATED' } });
    await expect(ask('ended', 'retry')).rejects.toThrow('the lane has no event');
    const view = await laneView(lanes.client, lanes.pipeline, 'ended');
    expect(view).toMatchObject({ handled: 1, phase: { state: 'idle' } });
    expect(view.ended).toBeUndefined();
  });
});

describe('the command line', () => {
  test('blocked, show, retry, skip: what a person reads, and the exit codes', async () => {
    const position = await blockedKey('cli-1');
    await listedLane('cli-1');
    expect((await cli(['blocked'])).stdout).toContain('NonRetryableError: record 1 is bad');
    expect((await cli(['show', 'cli-1'])).stdout).toContain(
      `keylane --address ${devServer().address} skip --position ${position} cli-1`,
    );
    const skipped = await cli(['skip', 'cli-1', '--position', position, '--by', 'ana']);
    expect(skipped).toMatchObject({ code: 0, stderr: '' });
    expect(skipped.stdout).toMatch(
      new RegExp(`^cli-1: skipped record ${position} \\(was blocked, (is \\w+|continues)\\)\n  skipped; .*\n$`),
    );
    expect(await cli(['skip', 'cli-1', '--position', position])).toMatchObject({ code: 4, stdout: '' });
    expect(await cli(['show', 'nobody'])).toMatchObject({ code: 3, stdout: '' });
  });

  test('--json prints one document', async () => {
    const position = await blockedKey('cli-2');
    await listedLane('cli-2');
    const { since } = (
      (await json(['blocked', '--limit', '0'])) as { blocked: { name: string; since: string }[] }
    ).blocked.find(({ name }) => name === 'cli-2')!;
    expect(new Date(since).toISOString()).toBe(since);
    expect(await json(['show', 'cli-2'])).toMatchObject({
      name: 'cli-2',
      head: { position, data: { json: { n: 1 } } },
    });
    expect(await json(['status'])).toMatchObject({ pipelines: [{ pipeline: lanes.pipeline, state: 'not started' }] });
    expect(await json(['retry', 'cli-2', '--reason', 'again'])).toMatchObject({
      decisions: [{ name: 'cli-2', decision: { verb: 'retry', reason: 'again', outcome: 'done', position } }],
    });
  });

  test('several keys: asks before it acts, and goes on behind one that is refused', async () => {
    await blockedKey('many-1');
    await blockedKey('many-2');
    const argv = ['skip', 'many-1', 'nobody', 'many-2'];
    const refused = await cli(argv, { answer: false });
    expect(refused).toMatchObject({ code: 1, stdout: '', questions: ['skip 3 keys (many-1, nobody, many-2)?'] });
    const agreed = await cli(argv, { answer: true });
    expect(agreed.code).toBe(3);
    expect(agreed.stdout.split('\n').map((line) => line.split(':')[0])).toEqual([
      'many-1',
      'many-2',
      '  many-1',
      '  many-2',
      '',
    ]);
    expect(agreed.stderr).toContain('1 of 3 keys were not resolved.');
    const byYes = await cli(['retry', 'many-1', 'many-2', '--yes']);
    expect(byYes).toMatchObject({ code: 4, questions: [] });
  });

  test('a namespace that is not there ends with 5', async () => {
    const { code, stderr } = await cli(['show', 'x', '--namespace', 'nowhere']);
    expect(code).toBe(5);
    expect(stderr).toContain('Temporal has no namespace "nowhere"');
  });
});

describe('no worker', () => {
  test('the list still comes, a question and a verb say that nobody answers', async () => {
    await blockedKey('silent');
    await listedLane('silent');
    await lanes.stopWorker();
    const options = { pipeline: lanes.pipeline, answerTimeoutMs: 500 };
    const { lanes: found } = await blockedLanes(lanes.client, options);
    expect(found.find(({ key }) => key === 'silent')).toMatchObject({ waiting: 2, exact: false });
    await expect(laneView(lanes.client, lanes.pipeline, 'silent', 500)).rejects.toThrow(NoWorkerError);
    const verdict = { pipeline: lanes.pipeline, key: 'silent', verb: 'skip', args: {}, timeoutMs: 500 } as const;
    const asked = decide(lanes.client, verdict);
    await expect(asked).rejects.toThrow(
      `No worker answers for ${lanes.pipeline}:silent on task queue ${lanes.taskQueue}`,
    );

    // What the error says: the request may still be carried out.
    await lanes.startWorker();
    await eventually(async () => (await lanes.view('silent')).decisions.length === 1);
  });
});
