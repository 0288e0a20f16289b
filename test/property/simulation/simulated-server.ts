import { ActivityFailure, ApplicationFailure, CancelledFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import type { ReaderInput, ReaderReport } from '../../../contracts/pipeline/reading.ts';
import type { Attempt, BridgeProcess } from './bridge-process.ts';
import type { SimulatedClock } from './clock.ts';
import { pick, type Random } from './random.ts';
import type { SimulatedSource } from './simulated-source.ts';
import type { CancellationScope, Schedule, WorkflowRun } from './workflow-runtime.ts';

const POLL_MS = 250;
const ANSWERS_LOST = 0.05;

interface ServerOptions {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly source: SimulatedSource;
  readonly processes: () => readonly BridgeProcess[];
}

/** The part of Temporal that runs activities: attempts, heartbeats, their timeout, retries, cancellation. */
export class SimulatedServer {
  /** Attempts of readers that began. */
  attempts = 0;
  /** Attempts of readers that were given up for their silence. */
  timedOut = 0;
  /** Listings that were told whole, and as a difference in which there was something. */
  wholeListings = 0;
  differences = 0;
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  readonly schedule: Schedule = async (run, { type, input, options }, scope) => {
    if (type === 'listShards') return await this.#list(run, scope, input[1] as string | undefined);
    if (type === 'readShards')
      return await this.#read(run, input[0] as ReaderInput, Number(options.heartbeatTimeout), scope);
    throw new Error(`There is no activity ${type}`);
  };

  /** Some answers are lost, and the question comes again; whole listings and differences are counted. */
  async #list(run: WorkflowRun, scope: CancellationScope, known: string | undefined): Promise<unknown> {
    const { clock, random } = this.#options;
    for (;;) {
      const process = await this.#process(run, scope);
      if (process === undefined) throw canceled('listShards');
      try {
        const answer = await process.list(known);
        if (random() < ANSWERS_LOST) throw new Error('the answer was lost');
        if ('shards' in answer) this.wholeListings += 1;
        else if (answer.added.length + answer.gone.length > 0) this.differences += 1;
        return answer;
      } catch {
        await clock.sleep(1000);
      }
    }
  }

  async #read(
    run: WorkflowRun,
    input: ReaderInput,
    timeoutMs: number,
    scope: CancellationScope,
  ): Promise<ReaderReport> {
    let heartbeat: ReaderReport | undefined;
    for (let number = 1; ; number += 1) {
      const process = await this.#process(run, scope);
      // The server cancels at once what no process has; a heartbeat of an earlier attempt is not told then.
      if (process === undefined) throw canceled('readShards');
      const outcome = await this.#attempt(run, process, input, timeoutMs, { number, heartbeat, scope });
      heartbeat = outcome.heartbeat;
      if (outcome.report !== undefined) return outcome.report;
      if (scope.isCanceled) throw outcome.timedOut ? timedOut(heartbeat) : failed();
      await this.#options.clock.sleep(500 * Math.min(number, 10));
    }
  }

  async #attempt(
    run: WorkflowRun,
    process: BridgeProcess,
    input: ReaderInput,
    timeoutMs: number,
    { number, heartbeat, scope }: { number: number; heartbeat: ReaderReport | undefined; scope: CancellationScope },
  ): Promise<{ report?: ReaderReport; timedOut: boolean; heartbeat: ReaderReport | undefined }> {
    const { clock } = this.#options;
    this.attempts += 1;
    const seen = { latest: heartbeat, at: clock.now() };
    const attempt: Attempt = {
      number,
      startedAt: clock.now(),
      from: heartbeat,
      get isOpen() {
        return isOpen && !run.isOver;
      },
      beat: (report) => {
        seen.latest = JSON.parse(JSON.stringify(report)) as ReaderReport;
        seen.at = clock.now();
        return scope.isCanceled;
      },
    };
    let isOpen = true;
    const reading = process.read(input, attempt).then(
      (report) => ({ report, timedOut: false }),
      () => ({ timedOut: false }),
    );
    const outcome = await Promise.race([reading, this.#silence(seen, timeoutMs, () => attempt.isOpen)]);
    isOpen = false;
    if (outcome.timedOut) this.timedOut += 1;
    return { ...outcome, heartbeat: seen.latest };
  }

  /** Resolves when there was no heartbeat for too long. */
  #silence(seen: { at: number }, timeoutMs: number, isOpen: () => boolean): Promise<{ timedOut: true }> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const look = (): void => {
        const left = seen.at + timeoutMs - clock.now();
        if (left <= 0) resolve({ timedOut: true });
        else if (isOpen()) clock.after(left, look);
      };
      look();
    });
  }

  /** A process that polls, as soon as there is one; undefined when the activity is canceled before, or nobody waits for it any more. */
  async #process(run: WorkflowRun, scope: CancellationScope): Promise<BridgeProcess | undefined> {
    const { clock, processes, random } = this.#options;
    for (;;) {
      if (scope.isCanceled || run.isOver) return undefined;
      const polling = processes().filter((process) => process.isPolling);
      if (polling.length > 0) return polling[pick(random, polling.length)];
      await clock.sleep(POLL_MS);
    }
  }
}

const failure = (type: string, cause: Error) =>
  new ActivityFailure(undefined, type, undefined, RetryState.CANCEL_REQUESTED, undefined, cause);
const canceled = (type: string) => failure(type, new CancelledFailure('canceled'));
const timedOut = (heartbeat: unknown) => failure('readShards', new TimeoutFailure('heartbeat', heartbeat, 'HEARTBEAT'));
const failed = () => failure('readShards', ApplicationFailure.create({ message: 'failed' }));
