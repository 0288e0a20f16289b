/**
 * Keeps the histories of lanes far below the size at which the server terminates a run, when no worker processes them
 * (O9).
 *
 * Owns, for the lanes of a pipeline in this process, what was sent since the server was last asked for the size of a
 * lane's history, and which lanes are full. Outlives the readers, which are replaced every few minutes.
 *
 * Invariants:
 * - history-budget.A1: a lane gets a share of what its history could still hold at the last answer, then the server is
 *   asked again. The share is small enough for many processes that send to one lane.
 * - history-budget.A2: a lane that is unknown here (a new process, or too many lanes to remember) gets very little
 *   before the server is asked, and that amount is random: so the server is asked even about a lane that is forgotten
 *   again and again, and a bridge would have to restart hundreds of times to fill a lane.
 * - history-budget.A3: a full lane gets nothing before an answer says that it can hold more; the server is asked at
 *   most every few seconds, so the lane continues soon after a worker is back.
 * - history-budget.A4: the server is asked about a pool, which gets signals all the time, before each signal when its
 *   run is about to end: the run can announce that, and end without a signal in between (workflows/pool/run-end.ts).
 */
import type { Logger } from 'pino';
import type { HistorySize, HistoryLimits } from '../../contracts/pipeline/history-limits.ts';
import { backoffMs } from '../../lib/pure/backoff.ts';
import type { Clock } from '../../lib/node/clock.ts';
import { truncate } from '../../lib/pure/text.ts';
import { DeliveryRejectedError } from '../deliver/gateway.ts';

const MAX_LANES_REMEMBERED = 10_000;
/** Share of the remaining history that a process may use before it asks again. */
const SHARE = 1 / 16;
/** Share of what remains before a run ends: events are in its history twice, and several processes send to it. */
const SHARE_BEFORE_RUN_END = 1 / 8;
/** Maximum share of the whole limit that is sent before the first question: 15 signals, 32 KiB. */
const FIRST_SHARE = 1 / 384;
/**
 * When a full pool is asked again: soon if it has just become full, since it may process thousands of events a second,
 * and otherwise after a quarter of the time that it has been full. This saves needless questions, and
 * the pool does not run out of events, since it accepts more when half of them are done.
 */
const FULL_POLL = { minMs: 50, maxMs: 2000, share: 0.25 };
const FULL_BACKOFF = { firstMs: 250, maxMs: 2000 };
/**
 * Each full lane lengthens the maximum wait by this, so that many full lanes cause at most a hundred questions a
 * second.
 */
const MS_FOR_EACH_FULL_LANE = 10;
/** A full lane that was not tried for longer than this, plus twice its wait, now belongs to another process. */
const FORGET_AFTER_MS = 10_000;
/** Full lanes that are named in the log, until none is full any more. */
const MAX_LOGGED = 20;
const MAX_NAME_CHARS = 200;

/** What the server says about a lane. */
export interface LaneHistory extends HistorySize {
  /** Its next workflow task has been waiting for a worker for a while. */
  readonly isStalled: boolean;
  /** The pool itself says that it is full for now. */
  readonly isFull?: boolean;
}

/** @returns undefined when there is no open run, so the next signal starts one */
export type DescribeHistory = () => Promise<LaneHistory | undefined>;

/** What is about to be sent. */
export interface AdmissionRequest {
  /** Workflow id of the lane, or of the quarantine. */
  readonly id: string;
  /** Its name in messages. */
  readonly name: string;
  readonly bytes: number;
  readonly describeHistory: DescribeHistory;
  /**
   * The history size at which its run is about to end. It is asked more often as it gets closer, and then before each
   * signal.
   */
  readonly endsAt?: HistorySize;
}

export interface HistoryBudgetOptions {
  readonly limits: HistoryLimits;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Number of lanes to remember. @default 10000 */
  readonly remembered?: number;
}

/** What may be sent to a lane before the server is asked again. Below zero when that is used up. */
interface Allowance {
  events: number;
  bytes: number;
}

interface Full {
  /** Rejections in a row. */
  rejections: number;
  /** When it counts as forgotten. */
  until: number;
}

export class HistoryBudget {
  readonly #options: HistoryBudgetOptions;
  readonly #first: HistorySize;
  /** The lane that was used longest ago comes first. */
  readonly #allowances = new Map<string, Allowance>();
  readonly #full = new Map<string, Full>();
  /** Since when a pool that a worker processes has said that it is full. */
  readonly #fullSince = new Map<string, number>();
  #logged = 0;

  constructor(options: HistoryBudgetOptions) {
    const { events, bytes } = options.limits.stalled;
    this.#options = options;
    this.#first = { events: events * FIRST_SHARE, bytes: bytes * FIRST_SHARE };
  }

  /** Number of full lanes for which this process has events. */
  get full(): number {
    const now = this.#options.clock.now();
    for (const [id, { until }] of this.#full) if (until < now) this.#full.delete(id);
    if (this.#full.size === 0) this.#logged = 0;
    return this.#full.size;
  }

  /**
   * Resolves when the signal may be sent to the lane, and counts it as sent.
   * @throws {DeliveryRejectedError} when the lane is full
   */
  async admit(request: AdmissionRequest): Promise<void> {
    const { id, bytes } = request;
    let allowance = this.#allowances.get(id) ?? this.#firstAllowance();
    if (this.#full.has(id) || allowance.events < 1 || allowance.bytes < bytes) {
      const history = await request.describeHistory();
      allowance = this.#allowanceAt(request, history);
    }
    this.#remember(id, { events: allowance.events - 1, bytes: allowance.bytes - bytes });
  }

  /** Call this when the lane has accepted the signal. */
  accepted(id: string): void {
    this.#fullSince.delete(id);
    if (!this.#full.delete(id) || this.full > 0) return;
    this.#options.log.info('All lanes accept events again');
  }

  /** Call this when the server has rejected a signal because the run has had too many. */
  noSignalsLeft(request: Pick<AdmissionRequest, 'id' | 'name'>): DeliveryRejectedError {
    return this.#reject(request, 'its run has reached the maximum number of signals');
  }

  #firstAllowance(): Allowance {
    const { random = Math.random } = this.#options;
    const lot = random();
    return { events: this.#first.events * lot, bytes: this.#first.bytes * lot };
  }

  #allowanceAt(request: AdmissionRequest, history: LaneHistory | undefined): Allowance {
    const { stalled, active } = this.#options.limits;
    const { events, bytes, isStalled, isFull } = history ?? { events: 0, bytes: 0, isStalled: false, isFull: false };
    const max = isStalled ? stalled : active;
    if (events >= max.events || bytes >= max.bytes) {
      throw this.#reject(request, `its history has ${events} events and ${bytes} bytes`, isStalled);
    }
    if (isFull) throw isStalled ? this.#reject(request, 'it says that it is full') : this.#poolIsFull(request);
    const share = {
      events: Math.max(this.#first.events, (max.events - events) * SHARE),
      bytes: Math.max(this.#first.bytes, (max.bytes - bytes) * SHARE),
    };
    const { endsAt } = request;
    if (endsAt !== undefined) {
      share.events = Math.min(share.events, (endsAt.events - events) * SHARE_BEFORE_RUN_END);
      share.bytes = Math.min(share.bytes, (endsAt.bytes - bytes) * SHARE_BEFORE_RUN_END);
    }
    return { events: Math.max(1, share.events), bytes: Math.max(request.bytes, share.bytes) };
  }

  #poolIsFull({ id, name }: AdmissionRequest): DeliveryRejectedError {
    const now = this.#options.clock.now();
    const since = this.#fullSince.get(id) ?? now;
    this.#fullSince.set(id, since);
    const retryAfterMs = Math.min(FULL_POLL.maxMs, Math.max(FULL_POLL.minMs, (now - since) * FULL_POLL.share));
    return new DeliveryRejectedError(`${truncate(name, MAX_NAME_CHARS)} is full for now`, retryAfterMs);
  }

  #reject({ id, name }: Pick<AdmissionRequest, 'id' | 'name'>, why: string, isStalled = true): DeliveryRejectedError {
    const { clock, random = Math.random } = this.#options;
    const rejections = (this.#full.get(id)?.rejections ?? 0) + 1;
    const maxMs = Math.max(FULL_BACKOFF.maxMs, this.#full.size * MS_FOR_EACH_FULL_LANE);
    const retryAfterMs = backoffMs({ ...FULL_BACKOFF, maxMs }, rejections, random);
    this.#full.set(id, { rejections, until: clock.now() + 2 * retryAfterMs + FORGET_AFTER_MS });
    const text =
      `History budget of ${truncate(name, MAX_NAME_CHARS)} reached: ${why}. ` +
      (isStalled
        ? 'No worker is processing it: is `keylane worker` running? '
        : 'Its worker does not keep up: look for a slow handler. ') +
      'Its events wait in the bridge, and reading slows down when the bridge is full';
    if (rejections === 1) this.#logOnce(text, { lane: id });
    return new DeliveryRejectedError(text, retryAfterMs);
  }

  #logOnce(text: string, fields: object): void {
    this.#logged += 1;
    if (this.#logged < MAX_LOGGED) this.#options.log.warn(fields, text);
    else if (this.#logged === MAX_LOGGED) this.#options.log.warn(fields, `${text}. Further ones are not logged`);
  }

  #remember(id: string, allowance: Allowance): void {
    this.#allowances.delete(id);
    this.#allowances.set(id, allowance);
    if (this.#allowances.size <= (this.#options.remembered ?? MAX_LANES_REMEMBERED)) return;
    for (const oldest of this.#allowances.keys()) {
      this.#allowances.delete(oldest);
      return;
    }
  }
}
