/**
 * Has the shards of a pipeline listed, now and again.
 *
 * Owns the listing in flight, the timer of the next one, and an answer until the host takes it.
 */
import { CancellationScope, isCancellation, log, proxyActivities, sleep } from '@temporalio/workflow';
import type { PipelineOptions } from '../../contracts/pipeline/options.ts';
import type { ReadingActivities } from '../../contracts/pipeline/reading.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import type { PipelineState } from '../../contracts/pipeline/state.ts';

/** Children of a shard that has ended may be listed late: for this many times they are looked for in short intervals. */
const SOON_TRIES = 10;
const SOON_MS = 2000;

/** A process that died is replaced after a heartbeat timeout: children of a shard that has ended wait for the listing (O2). */
const activities = (heartbeatTimeoutMs: number) =>
  proxyActivities<Pick<ReadingActivities, 'listShards'>>({
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: heartbeatTimeoutMs,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  });

/** What has come of a listing; without shards when it failed. */
export interface Listed {
  readonly listing?: ShardListing;
}

export class PeriodicListing {
  readonly #pipeline: string;
  readonly #onInput: () => void;
  #state: 'due' | 'in flight' | 'scheduled' = 'due';
  #scope: CancellationScope | undefined;
  #listed: Listed | undefined;
  #timers = 0;
  #soonTries = 0;

  /** @param onInput is called when a listing has ended, and when one is due */
  constructor(pipeline: string, onInput: () => void) {
    this.#pipeline = pipeline;
    this.#onInput = onInput;
  }

  get isDue(): boolean {
    return this.#state === 'due';
  }

  /** A listing that has ended is in flight until it is taken. */
  get isInFlight(): boolean {
    return this.#state === 'in flight';
  }

  get hasEnded(): boolean {
    return this.#listed !== undefined;
  }

  /** What is answered is the difference to the listing that the state has: it has no other before this one is taken. */
  start({ listed: known, stream }: PipelineState, { heartbeatTimeoutMs }: PipelineOptions): void {
    this.#state = 'in flight';
    const scope = new CancellationScope();
    this.#scope = scope;
    const { listShards } = activities(heartbeatTimeoutMs);
    void scope
      .run(() => listShards(this.#pipeline, known, stream))
      .then(
        (listing) => this.#ended({ listing }),
        (error: unknown) => {
          if (!isCancellation(error)) log.error('The shards could not be listed', { error });
          this.#ended({});
        },
      );
  }

  /** What has come of the listing since this was last asked. It is to be scheduled anew then. */
  take(): Listed | undefined {
    const listed = this.#listed;
    this.#listed = undefined;
    return listed;
  }

  /** A shard has ended, so its children are looked for. */
  expectChildren(): void {
    this.#soonTries = SOON_TRIES;
    if (this.#state === 'scheduled') this.#state = 'due';
  }

  /**
   * Lists again after a while.
   * @param waits.children shards have ended whose children are not listed
   * @param waits.parents shards are listed whose parents are not
   */
  schedule(
    waits: { readonly children: boolean; readonly parents: boolean },
    { discoverEveryMs }: PipelineOptions,
  ): void {
    this.#state = 'scheduled';
    this.#timers += 1;
    const timer = this.#timers;
    const isExpecting = this.#soonTries > 0 && waits.children;
    this.#soonTries = isExpecting ? this.#soonTries - 1 : 0;
    void sleep(isExpecting || waits.parents ? SOON_MS : discoverEveryMs).then(() => {
      // A timer that was overtaken by a shard's end must not ask once more.
      if (this.#state === 'scheduled' && timer === this.#timers) this.#state = 'due';
      this.#onInput();
    });
  }

  /** One that fails is retried for ever; the next run begins with another. */
  cancel(): void {
    this.#scope?.cancel();
  }

  #ended(listed: Listed): void {
    this.#listed = listed;
    this.#onInput();
  }
}
