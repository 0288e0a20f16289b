/**
 * Hosts a pipeline: keeps the lineage graph with its checkpoints, has the shards listed, and keeps a reader running for
 * every readable shard.
 *
 * Owns the pipeline's state, which nothing else assigns. Readers and listings say what has come of them, and the host applies
 * that at a turn of its loop.
 *
 * Invariants:
 * pipeline.H1 A shard has one reader at a time, as far as this workflow asked for (a dead one may overlap: see
 *    ARCHITECTURE.md).
 * pipeline.H2 The run continues as new only after every reader has stopped: its checkpoints are in the state (O4).
 * pipeline.H3 While another stream is found in place of its own, no reader runs, and the checkpoints stay as they are (O4).
 */
import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import { assign, fairShare } from '../../bridge/lineage/assignment.ts';
import {
  advance,
  awaitsChildren,
  awaitsParents,
  EMPTY_LINEAGE,
  readable,
  toRead,
} from '../../bridge/lineage/lineage.ts';
import { observe } from '../../bridge/lineage/listing.ts';
import { observeStream } from '../../bridge/lineage/stream.ts';
import type { PipelineCommandArgs, PipelineConfiguration, PipelineInput } from '../../contracts/pipeline/messages.ts';
import type { PipelineOptions } from '../../contracts/pipeline/options.ts';
import type { PipelineState } from '../../contracts/pipeline/state.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import type { ReaderInput } from '../../contracts/pipeline/reading.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import { continueAsNew } from '../shared/continue-as-new.ts';
import { runHost, type Host } from '../shared/host-loop.ts';
import { Turns, type RunStage } from '../shared/turns.ts';
import { PeriodicListing } from './listing.ts';
import { Readers } from './readers.ts';
import { StreamMemo } from './stream-memo.ts';

export class PipelineHost implements Host {
  readonly turns = new Turns();
  readonly #input: PipelineInput;
  #options: PipelineOptions;
  #state: PipelineState;
  readonly #readers = new Readers(() => this.turns.input());
  readonly #listing: PeriodicListing;
  readonly #memo = new StreamMemo();

  constructor(input: PipelineInput) {
    this.#input = input;
    this.#options = input.options;
    const { carried = EMPTY_LINEAGE, stream, pipeline } = input;
    this.#state = { ...(stream === undefined ? {} : { stream }), ...carried };
    this.#listing = new PeriodicListing(pipeline, () => this.turns.input());
  }

  get stage(): RunStage {
    return this.#shouldContinueAsNew ? 'long' : 'short';
  }

  view(): PipelineView {
    const { pipeline, source, startAt, pools } = this.#input;
    return {
      pipeline,
      source,
      startAt,
      state: this.#state,
      options: this.#options,
      ...(pools === undefined ? {} : { pools }),
      readers: [...this.#readers.shards.values()],
    };
  }

  configure(configuration: PipelineConfiguration): void {
    this.#options = configuration.options;
    this.turns.input();
  }

  /** Stops reading; the lanes go on. Readers stop and report their checkpoints. */
  pause(args: PipelineCommandArgs): void {
    const { by = 'unknown', reason } = args;
    this.#state = { ...this.#state, paused: { by, since: Date.now(), ...(reason === undefined ? {} : { reason }) } };
    this.turns.input();
  }

  resume(): void {
    const { paused: _paused, ...state } = this.#state;
    this.#state = state;
    this.turns.input();
  }

  /** Never returns; leaves by an exception when the run continues as new. */
  async run(): Promise<void> {
    await runHost(this);
  }

  /** A pipeline that was terminated is started again with its state: see bridge/temporal. */
  async recover(): Promise<void> {}

  settle(): void {
    const listed = this.#listing.take();
    if (listed !== undefined) this.#settleListing(listed.listing);
    for (const report of this.#readers.reports()) {
      const before = this.#finishedShards;
      this.#state = advance(this.#state, report);
      if (this.#finishedShards > before) this.#listing.expectChildren();
    }
  }

  /** What an operator asks for is done at once: see {@link pause}. */
  decide(): void {}

  publish(): void {
    this.#memo.publish();
  }

  async end(): Promise<boolean> {
    if (this.#shouldContinueAsNew) await this.#continueAsNew();
    return false;
  }

  start(): void {
    if (this.#state.paused !== undefined) return this.#readers.recallAll();
    if (this.#listing.isDue) this.#listing.start(this.#state, this.#options);
    if (this.#state.otherStream === undefined) this.#startReaders();
    else this.#readers.recallAll();
  }

  hasNews(): boolean {
    if (this.#readers.hasReports || this.#listing.hasEnded || this.#shouldContinueAsNew) return true;
    if (this.#state.paused !== undefined) return this.#readers.mayRecall;
    if (this.#listing.isDue) return true;
    if (this.#state.otherStream !== undefined) return this.#readers.mayRecall;
    const { recall, start } = this.#assignment();
    return start.length > 0 || this.#readers.isReading(recall);
  }

  get #finishedShards(): number {
    return Object.keys(this.#state.finished.missingSince).length;
  }

  get #shouldContinueAsNew(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= this.#options.eventsPerRun;
  }

  #settleListing(listing: ShardListing | undefined): void {
    if (listing !== undefined) {
      const now = Date.now();
      const state = observeStream(this.#state, listing, now);
      const isOther = state.otherStream !== undefined;
      // What another stream lists are other shards of the same ids (pipeline.H3). The activity has logged it.
      this.#state = isOther ? state : observe(state, listing, this.#input.startAt, now);
      if (!isOther && state.stream !== undefined) this.#memo.saw(state.stream);
    }
    const waits = { children: awaitsChildren(this.#state), parents: awaitsParents(this.#state) };
    this.#listing.schedule(waits, this.#options);
  }

  #assignment() {
    const { maxReaders } = this.#options;
    const shards = readable(this.#state).map(({ shardId }) => shardId);
    return assign(shards, this.#readers.shards, maxReaders, fairShare(shards.length, maxReaders));
  }

  #startReaders(): void {
    const { start, recall } = this.#assignment();
    for (const shardIds of start) this.#readers.start(this.#readerInput(shardIds));
    const recalls = this.#readers.isReading(recall);
    if (recalls) this.#readers.recall(recall);
    // What was assigned now decides what comes next: another reader may have to stop for the shards that are left.
    if (recalls || start.length > 0) this.turns.input();
  }

  #readerInput(shardIds: readonly string[]): ReaderInput {
    const { pipeline, pools } = this.#input;
    const { shiftMs, heartbeatTimeoutMs } = this.#options;
    const { retentionMs, shards, stream } = this.#state;
    return {
      pipeline,
      shards: shardIds.flatMap((shardId) => {
        const shard = shards[shardId];
        return shard === undefined ? [] : [toRead(this.#state, shard)];
      }),
      shiftMs,
      heartbeatTimeoutMs,
      ...(retentionMs === undefined ? {} : { retentionMs }),
      ...(pools === undefined ? {} : { pools }),
      ...(stream === undefined ? {} : { stream }),
    };
  }

  async #continueAsNew(): Promise<void> {
    this.#readers.recallAll();
    this.#listing.cancel();
    const isListing = () => this.#listing.isInFlight && !this.#listing.hasEnded;
    await condition(() => this.#readers.allStopped && allHandlersFinished() && !isListing());
    this.settle();
    this.publish();
    await continueAsNew({ ...this.#input, options: this.#options, carried: this.#state } satisfies PipelineInput);
  }
}
