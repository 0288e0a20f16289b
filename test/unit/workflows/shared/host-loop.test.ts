/** The loop of all hosts, with a host that does nothing but write down its steps. */
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runHost, type Host } from '../../../../workflows/shared/host-loop.ts';
import { TURNED_WITHOUT_INPUT } from '../../../../workflows/shared/turned.ts';
import { Turns, type RunStage } from '../../../../workflows/shared/turns.ts';
import type { Runtime } from '../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));

let runtime: Runtime;
beforeEach(() => {
  runtime = newRuntime();
});
afterAll(restoreClock);

const TURN = ['settle', 'decide', 'publish', 'end', 'start'];

class WrittenDown implements Host {
  readonly turns = new Turns();
  readonly steps: string[] = [];
  stage: RunStage = 'short';
  isOver = false;
  news = false;
  /** What a step does beside being written down. */
  during: Partial<Record<string, () => Promise<void> | void>> = {};

  recover = async (): Promise<void> => await this.#step('recover');
  settle = async (): Promise<void> => await this.#step('settle');
  decide = async (): Promise<void> => await this.#step('decide');
  publish = (): void => void this.#step('publish');
  start = async (): Promise<void> => await this.#step('start');

  async end(): Promise<boolean> {
    await this.#step('end');
    return this.isOver;
  }

  hasNews(): boolean {
    return this.news;
  }

  async #step(name: string): Promise<void> {
    this.steps.push(name);
    this.news = false;
    await this.during[name]?.();
  }
}

async function started(host = new WrittenDown()): Promise<WrittenDown> {
  await runtime.start(() => runHost(host));
  return host;
}

const arrives = async (host: WrittenDown, isInput = true): Promise<void> =>
  await runtime.deliver(() => {
    host.news = true;
    if (isInput) host.turns.input();
  });

describe('the loop of a host', () => {
  test('recovers once, and then takes its steps in order, a turn for each input (loop.1)', async () => {
    const host = await started();
    expect(host.steps).toEqual(['recover', ...TURN]);
    await arrives(host);
    expect(host.steps).toEqual(['recover', ...TURN, ...TURN]);
  });

  test('takes one turn for several inputs that arrive at the same time', async () => {
    const host = await started();
    await runtime.deliver(() => {
      host.news = true;
      for (let input = 0; input < 3; input += 1) host.turns.input();
    });
    expect(host.steps).toEqual(['recover', ...TURN, ...TURN]);
  });

  test('takes no turn for an input in which there is nothing to do', async () => {
    const host = await started();
    await runtime.deliver(() => host.turns.input());
    expect(host.steps).toEqual(['recover', ...TURN]);
  });

  test('does not begin a turn before the one that waits has ended (loop.1)', async () => {
    const host = new WrittenDown();
    host.during['decide'] = async () => void (await runtime.schedule('question', []));
    await started(host);
    await arrives(host);
    expect(host.steps).toEqual(['recover', 'settle', 'decide']);
    host.during = {};
    await runtime.activity('question').resolve();
    // What arrived meanwhile is seen by the rest of this turn, and by another one if there is still something to do.
    expect(host.steps).toEqual(['recover', ...TURN]);
    await arrives(host);
    expect(host.steps).toEqual(['recover', ...TURN, ...TURN]);
  });

  test('is over when a turn has ended the workflow', async () => {
    const host = await started();
    host.isOver = true;
    await arrives(host);
    expect(host.steps).toEqual(['recover', ...TURN, 'settle', 'decide', 'publish', 'end']);
    await arrives(host);
    expect(host.steps.filter((step) => step === 'settle')).toHaveLength(2);
  });

  test('takes a turn when its run has become long, which no input brings', async () => {
    const host = await started();
    host.stage = 'long';
    await arrives(host, false);
    expect(host.steps).toEqual(['recover', ...TURN, ...TURN]);
  });

  test('that finds something to do without an input fails the test, and would pause in a workflow (loop.2)', async () => {
    const host = await started();
    await expect(arrives(host, false)).rejects.toThrow(TURNED_WITHOUT_INPUT);
    expect(host.steps).toEqual(['recover', ...TURN]);
  });
});
