/**
 * The one piece of work that a quarantine may have in flight: to search segments, or to send records to their lanes.
 *
 * Owns it (quarantine.H1). What has come of it, the host applies.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { RetryState } from '@temporalio/common';
import type { SegmentName } from '../../contracts/lane/backlog.ts';
import { readingTaskQueue, segmentWorkflowId } from '../../contracts/names.ts';
import type { QuarantineLimits } from '../../contracts/quarantine/options.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type {
  RedrivingActivities,
  RedriveInput,
  SearchingActivities,
  SegmentFinding,
  SegmentSearch,
} from '../../contracts/quarantine/search.ts';
import { unacknowledgedOf } from './state.ts';
import type { NextStep } from './verbs/jobs.ts';

export type Ended =
  | { readonly kind: 'found'; readonly finding: SegmentFinding }
  | { readonly kind: 'lastRedriven' }
  /** It came to nothing that is known, and is to be done again. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly why: string };

interface WorkInFlight {
  readonly scope: CancellationScope;
  ended: Ended | undefined;
}

/** What a step of a verb needs to do its work. */
type Step = Extract<NextStep, { readonly kind: 'find' | 'bring' }>;

export class QuarantineWork {
  readonly #pipeline: string;
  readonly #limits: QuarantineLimits;
  readonly #onEnd: () => void;
  #work: WorkInFlight | undefined;
  /** Those that a search looks through. */
  #segments: readonly SegmentName[] = [];

  /** @param onEnd is called when work has ended */
  constructor(pipeline: string, limits: QuarantineLimits, onEnd: () => void) {
    this.#pipeline = pipeline;
    this.#limits = limits;
    this.#onEnd = onEnd;
  }

  /** Work that has ended is in flight until it is taken. */
  get isInFlight(): boolean {
    return this.#work !== undefined;
  }

  get hasEnded(): boolean {
    return this.#work?.ended !== undefined;
  }

  start(state: QuarantineState, step: Step): void {
    if (step.kind === 'find') {
      this.#segments = step.segments;
      const needsKeys = step.job.decision.verb !== 'skip';
      this.#work = startSearch(this.#searchOf(state, step), needsKeys, this.#onEnd);
    } else {
      const { entries, first, segment } = step.redrive;
      const input = { pipeline: this.#pipeline, segment: segmentWorkflowId(this.#pipeline, segment), entries, first };
      this.#work = startRedriving(input, this.#onEnd);
    }
  }

  /** What has come of the work that has ended; undefined when none has. */
  take(): { readonly ended: Ended; readonly segments: readonly SegmentName[] } | undefined {
    const ended = this.#work?.ended;
    if (ended === undefined) return undefined;
    this.#work = undefined;
    return { ended, segments: this.#segments };
  }

  /** Asks the work in flight to stop, and resolves when it has ended, however it ends. It is to be taken then. */
  async stop(): Promise<void> {
    this.#work?.scope.cancel();
    await condition(() => this.#work === undefined || this.hasEnded);
  }

  #searchOf(state: QuarantineState, { job, segments }: Step & { readonly kind: 'find' }): SegmentSearch {
    const { from, selection, data, size } = job;
    return {
      pipeline: this.#pipeline,
      segments: segments.map((name) => segmentWorkflowId(this.#pipeline, name)),
      from,
      selection,
      max: this.#limits.batch,
      ...(data === undefined ? {} : { data }),
      ...(size === undefined ? {} : { size }),
      decided: unacknowledgedOf(state, segments),
    };
  }
}

/** A process that is silent for so long is taken for dead, and another one begins anew. See `leaseUntil` for what that rests on. */
const HEARTBEAT_TIMEOUT = '10s';
const RETRY = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' } as const;
/** What waits for a process that reads, or for a lane that is full, waits for as long as that takes. */
const FOREVER = '365 days';

export function startSearch(search: SegmentSearch, needsKeys: boolean, onEnd: () => void): WorkInFlight {
  const options = { startToCloseTimeout: '5 minutes', heartbeatTimeout: HEARTBEAT_TIMEOUT, retry: RETRY } as const;
  const summary = `${search.segments.length} segments`;
  return start(onEnd, async () => {
    const { findRecords } = proxyActivities<SearchingActivities>({ ...options, summary });
    const { findKeys } = proxyActivities<RedrivingActivities>({ ...options, summary, taskQueue: whereSettingsAre() });
    return { kind: 'found', finding: await (needsKeys ? findKeys(search) : findRecords(search)) };
  });
}

function startRedriving(input: RedriveInput, onEnd: () => void): WorkInFlight {
  const { redriveRecords } = proxyActivities<Pick<RedrivingActivities, 'redriveRecords'>>({
    startToCloseTimeout: FOREVER,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `${input.entries.length} records`,
    taskQueue: whereSettingsAre(),
    retry: RETRY,
  });
  return start(onEnd, async () => {
    await redriveRecords(input);
    return { kind: 'lastRedriven' };
  });
}

function whereSettingsAre(): string {
  return readingTaskQueue(workflowInfo().taskQueue);
}

function start(onEnd: () => void, run: () => Promise<Ended>): WorkInFlight {
  const scope = new CancellationScope();
  const work: WorkInFlight = { scope, ended: undefined };
  void scope.run(run).then(
    (ended) => {
      work.ended = ended;
      onEnd();
    },
    (error: unknown) => {
      work.ended = isStopped(error) ? { kind: 'stopped' } : failed(error);
      onEnd();
    },
  );
  return work;
}

/**
 * Whether it was asked to stop, however the attempt ended that ran then: it may have failed just then, or its process have
 * died, and Temporal makes no other one. What it has done is not known, and is done again as it was (O6).
 */
function isStopped(error: unknown): boolean {
  const isLeft = error instanceof ActivityFailure && error.retryState === RetryState.CANCEL_REQUESTED;
  return isLeft || isCancellation(error);
}

/** Temporal retries whatever can be retried, so this is one that a person has to know of. */
function failed(error: unknown): Ended {
  log.error('A step of a verb on the quarantine failed', { error });
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return { kind: 'failed', why: cause instanceof Error ? cause.message : String(cause) };
}
