/**
 * Keeps the histories of lanes far from the sizes at which the server ends a run, when nobody works them off (O9).
 *
 * Owns, for the lanes of a pipeline in this process, what was handed over since the server was last asked how large a
 * lane's history is, and which lanes are full. Outlives the readers, which come and go every few minutes.
 *
 * Invariants:
 * - A1: a lane gets a share of the room that it had at the last answer, then the server is asked again. The share is small
 *   enough for many processes that feed one lane.
 * - A2: a lane of which nothing is known here (a new process, or too many lanes to remember) gets very little without a
 *   question, and how little is drawn by lot: so one that is forgotten again and again is asked about all the same, and a
 *   bridge that starts again and again has to do so hundreds of times to fill a lane.
 * - A3: a full lane gets nothing before an answer says that it has room; it is asked every few seconds at the most, and
 *   so it goes on soon after a worker is back.
 * - A4: a pool, which gets signals all the time, is asked before each of them when its run is about to end: the run can say
 *   so, and end without one in between (workflows/pool/run-end.ts).
 */
import type { Logger } from 'pino';
import type { HistorySize, HistoryLimits } from '../../contracts/pipeline/history-limits.ts';
import { backoffMs } from '../../lib/pure/backoff.ts';
import type { Clock } from '../../lib/node/clock.ts';
import { DeliveryRejectedError } from '../deliver/gateway.ts';

const LANES_REMEMBERED = 10_000;
/** Of the room that is left, for each process. */
const SHARE = 1 / 16;
/** Of what is left before a run ends: what is handed over is in its history twice, and a few processes feed it. */
const SHARE_BEFORE_END = 1 / 8;
/** Of the whole room, at the most, without a question: 15 signals, 32 KiB. */
const FIRST_SHARE = 1 / 384;
/**
 * What works off thousands of events a second is asked again soon whether it still holds enough, and what has held enough for
 * longer after a quarter of that time: so it is not asked in vain all the time, and does not run dry, since it takes more again
 * when half of that is done.
 */
const FULL_POLL = { minMs: 50, maxMs: 2000, share: 0.25 };
const FULL_BACKOFF = { firstMs: 250, maxMs: 2000 };
/** Each full lane makes the wait of all so much longer, so that many of them ask no more than a hundred times a second. */
const MS_FOR_EACH_FULL_LANE = 10;
/** A full lane that nobody has tried for longer than this, and twice its wait, is somebody else's by now. */
const FORGOTTEN_MS = 10_000;
/** Full lanes that are told in the log, until none is full any more. */
const MAX_LOGGED = 20;
const KEY_CHARS = 200;

/** What the server says of a lane. */
export interface LaneHistory extends HistorySize {
  /** Its next step waits for a worker, and has done so for a while. */
  readonly isStalled: boolean;
  /** It says itself that it holds enough for now. */
  readonly isFull?: boolean;
}

/** @returns undefined when there is no run, so the next signal begins one */
export type AskHistory = () => Promise<LaneHistory | undefined>;

/** What is about to be handed over. */
export interface AdmissionRequest {
  /** Workflow id of the lane, or of the quarantine. */
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  readonly bytes: number;
  readonly ask: AskHistory;
  /** Where its run is about to end. It is asked more and more often on the way there, and then before each signal. */
  readonly endsAt?: HistorySize;
}

export interface HistoryBudgetOptions {
  readonly limits: HistoryLimits;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Lanes of which something is known. @default 10000 */
  readonly remembered?: number;
}

/** What may be handed over to a lane before the server is asked again. Below zero when that is used up. */
interface Allowance {
  events: number;
  bytes: number;
}

interface Full {
  /** Refusals in a row. */
  refusals: number;
  /** When it counts as forgotten. */
  until: number;
}

export class HistoryBudget {
  readonly #options: HistoryBudgetOptions;
  readonly #first: HistorySize;
  /** The lane that was visited longest ago comes first. */
  readonly #allowances = new Map<string, Allowance>();
  readonly #full = new Map<string, Full>();
  /** Since when a pool that is worked off has said that it holds enough. */
  readonly #enoughSince = new Map<string, number>();
  #told = 0;

  constructor(options: HistoryBudgetOptions) {
    const { events, bytes } = options.limits.stalled;
    this.#options = options;
    this.#first = { events: events * FIRST_SHARE, bytes: bytes * FIRST_SHARE };
  }

  /** Lanes that this process has something for and that are full. */
  get full(): number {
    const now = this.#options.clock.now();
    for (const [id, { until }] of this.#full) if (until < now) this.#full.delete(id);
    if (this.#full.size === 0) this.#told = 0;
    return this.#full.size;
  }

  /**
   * Resolves when a signal of so many bytes may be sent to the lane, and counts it as sent.
   * @throws {HandoverRefusedError} when the lane is full
   */
  async admit(request: AdmissionRequest): Promise<void> {
    const { id, bytes } = request;
    let allowance = this.#allowances.get(id) ?? this.#firstAllowance();
    if (this.#full.has(id) || allowance.events < 1 || allowance.bytes < bytes) {
      const history = await request.ask();
      allowance = this.#allowanceAt(request, history);
    }
    this.#remember(id, { events: allowance.events - 1, bytes: allowance.bytes - bytes });
  }

  /** To be told when the lane has accepted what it was visited for. */
  accepted(id: string): void {
    this.#enoughSince.delete(id);
    if (!this.#full.delete(id) || this.full > 0) return;
    this.#options.log.info('No lane is full any more');
  }

  /** To be told when the server has refused a signal since the run has had too many. */
  noSignalsLeft(request: Pick<AdmissionRequest, 'id' | 'name'>): DeliveryRejectedError {
    return this.#refuse(request, 'it has used up the signals of its run');
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
      throw this.#refuse(request, `its history has ${events} events and ${bytes} bytes`, isStalled);
    }
    if (isFull) throw isStalled ? this.#refuse(request, 'it holds enough') : this.#holdsEnough(request);
    const share = {
      events: Math.max(this.#first.events, (max.events - events) * SHARE),
      bytes: Math.max(this.#first.bytes, (max.bytes - bytes) * SHARE),
    };
    const { endsAt } = request;
    if (endsAt !== undefined) {
      share.events = Math.min(share.events, (endsAt.events - events) * SHARE_BEFORE_END);
      share.bytes = Math.min(share.bytes, (endsAt.bytes - bytes) * SHARE_BEFORE_END);
    }
    return { events: Math.max(1, share.events), bytes: Math.max(request.bytes, share.bytes) };
  }

  #holdsEnough({ id, name }: AdmissionRequest): DeliveryRejectedError {
    const now = this.#options.clock.now();
    const since = this.#enoughSince.get(id) ?? now;
    this.#enoughSince.set(id, since);
    const retryAfterMs = Math.min(FULL_POLL.maxMs, Math.max(FULL_POLL.minMs, (now - since) * FULL_POLL.share));
    return new DeliveryRejectedError(`${cut(name)} holds enough for now`, retryAfterMs);
  }

  #refuse({ id, name }: Pick<AdmissionRequest, 'id' | 'name'>, why: string, isStalled = true): DeliveryRejectedError {
    const { clock, random = Math.random } = this.#options;
    const refusals = (this.#full.get(id)?.refusals ?? 0) + 1;
    const maxMs = Math.max(FULL_BACKOFF.maxMs, this.#full.size * MS_FOR_EACH_FULL_LANE);
    const retryAfterMs = backoffMs({ ...FULL_BACKOFF, maxMs }, refusals, random);
    this.#full.set(id, { refusals, until: clock.now() + 2 * retryAfterMs + FORGOTTEN_MS });
    const text =
      `${cut(name)} takes nothing more for now: ${why}. ` +
      (isStalled
        ? 'No worker works it off: is `keylane worker` running? '
        : 'Its worker does not keep up: look for a handler that takes long. ') +
      'What comes for it waits in the bridge, and reading waits when that is full';
    if (refusals === 1) this.#tell(text, { lane: id });
    return new DeliveryRejectedError(text, retryAfterMs);
  }

  #tell(text: string, fields: object): void {
    this.#told += 1;
    if (this.#told < MAX_LOGGED) this.#options.log.warn(fields, text);
    else if (this.#told === MAX_LOGGED) this.#options.log.warn(fields, `${text}. Further ones are not told`);
  }

  #remember(id: string, allowance: Allowance): void {
    this.#allowances.delete(id);
    this.#allowances.set(id, allowance);
    if (this.#allowances.size <= (this.#options.remembered ?? LANES_REMEMBERED)) return;
    for (const oldest of this.#allowances.keys()) {
      this.#allowances.delete(oldest);
      return;
    }
  }
}

function cut(name: string): string {
  return name.length <= KEY_CHARS ? name : `${name.slice(0, KEY_CHARS)}…`;
}
