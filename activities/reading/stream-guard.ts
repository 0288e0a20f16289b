/**
 * Keeps a process from reading a stream that is not the pipeline's (O4), and reports it: after a stream was deleted and
 * created again under its name, or when processes of one pipeline see different streams.
 *
 * Owns what it has reported, and for how long the figures stay valid without a new report: another process may list
 * next.
 */
import type { Logger } from 'pino';
import type { ReadingMetrics } from '../../bridge/read/reading-metrics.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import {
  isOtherStream,
  isRecreated,
  otherStreamText,
  unorderedText,
  type KnownStream,
  type StreamIdentity,
} from '../../contracts/pipeline/stream-identity.ts';
import { SourceConfigurationError } from '../../sources/errors.ts';
import type { Source } from '../../sources/source.ts';

/** A description this recent is not repeated for each of many readers. */
const FRESH_FOR_MS = 30_000;
/** A reader that does not report for ten seconds counts as dead. */
const DEADLINE_MS = 4000;

export interface StreamGuardOptions {
  readonly pipeline: string;
  readonly source: Source;
  readonly metrics: ReadingMetrics;
  readonly log: Logger;
  /** True when the pipeline does not need the order of a key. */
  readonly acceptsUnordered: boolean;
  /** For how long figures stay valid without a new report. */
  readonly figuresForMs: number;
}

export class StreamGuard {
  readonly #options: StreamGuardOptions;
  #own: { readonly stream: StreamIdentity; readonly at: number } | undefined;
  #isOther = false;
  #isUnordered = false;
  #forgetting: NodeJS.Timeout | undefined;

  constructor(options: StreamGuardOptions) {
    this.#options = options;
  }

  /** Checks a listing before the pipeline gets it. */
  listed(listing: ShardListing, known: KnownStream | undefined): ShardListing {
    const { acceptsUnordered, metrics } = this.#options;
    const { stream } = listing;
    const isOther = stream !== undefined && known !== undefined && isOtherStream(known, stream, Date.now());
    if (isOther && !this.#isOther) {
      this.#options.log.error(`Reading stops. ${otherStreamText(this.#options.pipeline, known, stream)}`);
      // The unread rest of the former stream is a gap, counted together with the log line.
      if (isRecreated(known, stream)) metrics.gap();
    }
    if (stream !== undefined) this.#isOther = isOther;
    if (listing.unordered !== undefined) this.#updateOrder(listing.unordered && !acceptsUnordered);
    this.#show();
    return listing.unordered === true && acceptsUnordered ? { ...listing, unordered: false } : listing;
  }

  /**
   * Call this before a reader reads anything.
   * @throws {SourceConfigurationError} when this process sees another stream than the one that the pipeline reads
   */
  async check(known: KnownStream | undefined, signal: AbortSignal): Promise<void> {
    if (known === undefined) return;
    const { pipeline, source } = this.#options;
    const own = await this.#describe(signal);
    if (own === undefined || !isOtherStream(known, own, Date.now())) return;
    // The known description may be older than the pipeline's latest listing.
    this.#own = undefined;
    const now = await this.#describe(signal, true);
    if (now === undefined || !isOtherStream(known, now, Date.now())) return;
    this.#own = undefined;
    throw new SourceConfigurationError(source.identity, otherStreamText(pipeline, known, now));
  }

  /** Undefined when there is no description in time: reading will find out what is wrong. */
  async #describe(asked: AbortSignal, relist = false): Promise<StreamIdentity | undefined> {
    if (this.#own !== undefined && performance.now() - this.#own.at < FRESH_FOR_MS) return this.#own.stream;
    const signal = AbortSignal.any([asked, AbortSignal.timeout(DEADLINE_MS)]);
    try {
      if (relist) await this.#options.source.listShards(signal);
      const { stream } = await this.#options.source.describe(signal);
      this.#own = { stream, at: performance.now() };
      return stream;
    } catch (error) {
      this.#options.log.debug({ err: error }, 'Could not find out before reading which stream this is');
      return undefined;
    }
  }

  #updateOrder(isUnordered: boolean): void {
    const { log, source } = this.#options;
    if (isUnordered && !this.#isUnordered) log.error(unorderedText(source.identity));
    this.#isUnordered = isUnordered;
  }

  #show(): void {
    const { figuresForMs, metrics } = this.#options;
    metrics.showStream({ changed: this.#isOther, unordered: this.#isUnordered });
    clearTimeout(this.#forgetting);
    if (!this.#isOther && !this.#isUnordered) return;
    this.#forgetting = setTimeout(() => metrics.showStream({ changed: false, unordered: false }), figuresForMs).unref();
  }
}
