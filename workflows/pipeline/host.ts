/**
 * Hosts a pipeline: keeps the lineage graph with its checkpoints, has the shards listed, and keeps readers out for
 * those that may be read.
 *
 * Owns: the pipeline's state, the readers that are out, the listing in flight and the timer of the next one.
 *
 * Invariants:
 * P1 A shard has one reader at a time, as far as this workflow asked for (a dead one may overlap: see ARCHITECTURE.md).
 * P2 The run continues as new only after every reader has come home: its checkpoints are in the state (O4).
 * P3 While another stream is found in place of its own, no reader is out, and the checkpoints stay as they are (O4).
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  log,
  makeContinueAsNewFunc,
  patched,
  proxyActivities,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { assign, fairShare } from '../../bridge/lineage/assignment.ts';
import { restoreState } from '../../bridge/lineage/carried-state.ts';
import { advance, awaitsChildren, awaitsParents, readable, toRead } from '../../bridge/lineage/lineage.ts';
import { observe } from '../../bridge/lineage/listing.ts';
import { observeStream } from '../../bridge/lineage/stream.ts';
import type { PipelineCommandArgs, PipelineConfiguration, PipelineInput } from '../../contracts/pipeline/messages.ts';
import type { PipelineOptions } from '../../contracts/pipeline/options.ts';
import type { PipelineState } from '../../contracts/pipeline/state.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import type { ReadingActivities } from '../../contracts/pipeline/reading.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import { MEMO_FRESH_MS, STREAM_MEMO, type KnownStream } from '../../contracts/pipeline/stream-identity.ts';
import { startReader, type RunningReader } from './reader.ts';
import { Turns } from '../shared/turns.ts';

/** After a shard's end its children may take a while to be listed; so often it is looked at in short intervals. */
const SOON_TRIES = 10;
const SOON_MS = 2000;

/** The heartbeat is the failover: children of a shard that has ended wait for the listing (O2). */
const listing = (heartbeatTimeoutMs: number) =>
  proxyActivities<Pick<ReadingActivities, 'listShards'>>({
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: heartbeatTimeoutMs,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  });

export class PipelineHost {
  readonly #input: PipelineInput;
  #options: PipelineOptions;
  #state: PipelineState;
  readonly #readers = new Map<number, RunningReader>();
  #readersStarted = 0;
  #listing: 'due' | 'in flight' | 'scheduled' = 'due';
  #listingScope: CancellationScope | undefined;
  #scheduled = 0;
  #soonTries = 0;
  readonly #turns = new Turns();
  /** The stream as the workflow's memo has it. */
  #told = workflowInfo().memo?.[STREAM_MEMO] as KnownStream | undefined;
  /** Not in a run that an earlier version began: it must replay as it was. */
  readonly #isFair = patched('fair shares of shards');

  constructor(input: PipelineInput) {
    this.#input = input;
    this.#options = input.options;
    const { carried, stream } = input;
    this.#state = { ...(stream === undefined ? {} : { stream }), ...restoreState(carried) };
  }

  view(): PipelineView {
    const { pipeline, source, startAt, pools } = this.#input;
    const readers = [...this.#readers.values()].map((reader) => reader.shards);
    return {
      pipeline,
      source,
      startAt,
      state: this.#state,
      options: this.#options,
      ...(pools === undefined ? {} : { pools }),
      readers,
    };
  }

  configure(configuration: PipelineConfiguration): void {
    this.#options = configuration.options;
    this.#turns.input();
  }

  /** Stops reading; the lanes go on. Readers come home with their checkpoints. */
  pause(args: PipelineCommandArgs): void {
    const { by = 'unknown', reason } = args;
    this.#state = { ...this.#state, paused: { by, since: Date.now(), ...(reason === undefined ? {} : { reason }) } };
    this.#turns.input();
  }

  resume(): void {
    const { paused: _paused, ...state } = this.#state;
    this.#state = state;
    this.#turns.input();
  }

  /** Never returns; leaves by an exception when the run continues as new. */
  async run(): Promise<never> {
    for (;;) {
      this.#collectReports();
      if (this.#shouldContinueAsNew()) await this.#continueAsNew();
      if (this.#state.paused === undefined) {
        if (this.#listing === 'due') this.#list();
        if (this.#state.otherStream === undefined) this.#startReaders();
        else this.#recallAll();
      } else {
        this.#recallAll();
      }
      await condition(() => this.#hasNews());
      if (!this.#turns.begin(this.#shouldContinueAsNew() ? 'long' : 'short')) await this.#turns.pause();
    }
  }

  #hasNews(): boolean {
    if ([...this.#readers.values()].some((reader) => reader.report !== undefined)) return true;
    if (this.#shouldContinueAsNew()) return true;
    if (this.#state.paused !== undefined) return this.#hasReaderToRecall();
    if (this.#state.otherStream !== undefined) return this.#listing === 'due' || this.#hasReaderToRecall();
    const assignment = this.#assignment();
    return this.#listing === 'due' || assignment.start.length > 0 || this.#isStillRunning(assignment.recall);
  }

  #hasReaderToRecall(): boolean {
    return [...this.#readers.values()].some((reader) => !reader.recalled);
  }

  #assignment() {
    const { maxReaders } = this.#options;
    const shards = readable(this.#state).map(({ shardId }) => shardId);
    const readers = new Map([...this.#readers].map(([id, reader]) => [id, reader.shards]));
    return assign(shards, readers, maxReaders, this.#isFair ? fairShare(shards.length, maxReaders) : Infinity);
  }

  #isStillRunning(reader: number | undefined): reader is number {
    return reader !== undefined && this.#readers.get(reader)?.recalled === false;
  }

  #collectReports(): void {
    for (const [id, { report }] of this.#readers) {
      if (report === undefined) continue;
      this.#readers.delete(id);
      const before = this.#finishedShards();
      this.#state = advance(this.#state, report);
      if (this.#finishedShards() > before) this.#listSoon();
    }
  }

  #finishedShards(): number {
    return Object.keys(this.#state.finished.missingSince).length;
  }

  #startReaders(): void {
    const { start, recall } = this.#assignment();
    for (const shardIds of start) {
      const { pipeline, pools } = this.#input;
      const { shiftMs, heartbeatTimeoutMs } = this.#options;
      const { retentionMs, stream } = this.#state;
      const shards = shardIds.flatMap((shardId) => {
        const shard = this.#state.shards[shardId];
        return shard === undefined ? [] : [toRead(this.#state, shard)];
      });
      this.#readersStarted += 1;
      const reader = {
        pipeline,
        shards,
        shiftMs,
        heartbeatTimeoutMs,
        ...(retentionMs === undefined ? {} : { retentionMs }),
        ...(pools === undefined ? {} : { pools }),
        ...(stream === undefined ? {} : { stream }),
      };
      this.#readers.set(
        this.#readersStarted,
        startReader(reader, () => this.#turns.input()),
      );
    }
    const recalls = this.#isStillRunning(recall);
    if (recalls) this.#readers.get(recall)?.recall();
    // What is dealt out now decides what comes next: another reader may have to come home for the shards that are left.
    if (recalls || start.length > 0) this.#turns.input();
  }

  #recallAll(): void {
    for (const reader of this.#readers.values()) reader.recall();
  }

  #list(): void {
    this.#listing = 'in flight';
    const scope = new CancellationScope();
    this.#listingScope = scope;
    // What is answered is the difference to the listing that the state has: no other is taken in meanwhile.
    const { listShards } = listing(this.#options.heartbeatTimeoutMs);
    const { listed: known, stream } = this.#state;
    const answer = scope.run(() => listShards(this.#input.pipeline, known, stream));
    void answer.then(
      (listed) => {
        this.#takeIn(listed);
        this.#scheduleListing();
      },
      (error: unknown) => {
        if (!isCancellation(error)) log.error('The shards could not be listed', { error });
        this.#scheduleListing();
      },
    );
  }

  #takeIn(listed: ShardListing): void {
    const now = Date.now();
    const state = observeStream(this.#state, listed, now);
    // What another stream lists are other shards of the same ids (P3). The activity has logged it.
    this.#state = state.otherStream === undefined ? observe(state, listed, this.#input.startAt, now) : state;
    if (state.otherStream === undefined && state.stream !== undefined) this.#tellStream(state.stream, now);
  }

  /** In the memo, where a process that starts reads it before it takes any work, without one that answers. */
  #tellStream(stream: KnownStream, now: number): void {
    const told = this.#told;
    const isFresh = told !== undefined && now - Date.parse(told.seenAt) < MEMO_FRESH_MS;
    if (isFresh && JSON.stringify({ ...told, seenAt: '' }) === JSON.stringify({ ...stream, seenAt: '' })) return;
    this.#told = stream;
    upsertMemo({ [STREAM_MEMO]: stream });
  }

  #listSoon(): void {
    this.#soonTries = SOON_TRIES;
    if (this.#listing === 'scheduled') this.#listing = 'due';
  }

  #scheduleListing(): void {
    this.#listing = 'scheduled';
    this.#turns.input();
    this.#scheduled += 1;
    const current = this.#scheduled;
    const isExpecting = this.#soonTries > 0 && awaitsChildren(this.#state);
    this.#soonTries = isExpecting ? this.#soonTries - 1 : 0;
    void sleep(isExpecting || awaitsParents(this.#state) ? SOON_MS : this.#options.discoverEveryMs).then(() => {
      // A timer that was overtaken by a shard's end must not ask once more.
      if (this.#listing === 'scheduled' && current === this.#scheduled) this.#listing = 'due';
      this.#turns.input();
    });
  }

  #shouldContinueAsNew(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= this.#options.eventsPerRun;
  }

  async #continueAsNew(): Promise<void> {
    this.#recallAll();
    // One that fails is tried for ever; the next run begins with another.
    this.#listingScope?.cancel();
    const allStopped = () => [...this.#readers.values()].every((reader) => reader.report !== undefined);
    await condition(() => allStopped() && allHandlersFinished() && this.#listing !== 'in flight');
    this.#collectReports();
    const carried = { ...this.#input, options: this.#options, carried: this.#state };
    // What was written on this run is not carried over by itself: which stream it reads, processes that start look for
    // there.
    const { memo = {}, typedSearchAttributes } = workflowInfo();
    await makeContinueAsNewFunc<(input: PipelineInput) => Promise<void>>({ memo, typedSearchAttributes })(carried);
  }
}
