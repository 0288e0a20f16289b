import { log, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { EventLimits } from '../../../contracts/event/weight.ts';
import type { Outage, Release } from '../../../contracts/pool/state.ts';
import type { PoolMemo } from '../../../contracts/pool/view.ts';
import { poolStatus } from './attributes.ts';

/** Hysteresis: a full pool stays full until it has drained to this share. */
const ROOM_AGAIN = 0.5;
/**
 * A pool accepts no more events when its list of moved keys exceeds this: the keys that it still holds may have to move out,
 * too, and all of that must fit into the argument of the next run, whose maximum is 2 MiB.
 */
const MAX_MOVED_BYTES = 1_400_000;
const MOVED_ROOM_AGAIN = 0.95;

/** The amounts that decide whether a pool is full. */
export interface Held {
  /** Queued events of keys without their own lane. */
  readonly waiting: EventLimits;
  readonly moved: { readonly count: number; readonly bytes: number };
}

/** The outage of a pool, or the release after it, if there is one. */
interface Failures {
  readonly outage?: Outage | undefined;
  readonly release?: Release | undefined;
}

/** Publishes the status of a pool for bridges and operators: memo and search attributes, written on changes only. */
export class PoolStatusPublisher {
  readonly #full: EventLimits;
  /** Starts with the memo that the previous run has written. */
  #memo: PoolMemo = (({ full, fullOf, outage, release }: Partial<PoolMemo>) => ({
    full: full === true,
    ...(fullOf == null ? {} : { fullOf }),
    ...(outage == null ? {} : { outage }),
    ...(release == null ? {} : { release }),
  }))(workflowInfo().memo ?? {});

  constructor(full: EventLimits) {
    this.#full = full;
  }

  get fullOf(): PoolMemo['fullOf'] {
    return this.#memo.fullOf;
  }

  /** @param isEnding whether bridges have to wait regardless of what the pool holds */
  write(held: Held, failures: Failures, isEnding: boolean): void {
    this.#writeFullOf(held.moved);
    const full = isEnding || this.holdsEnough(held);
    if (full !== this.#memo.full) {
      this.#memo = { ...this.#memo, full };
      upsertMemo({ full });
    }
    if (!this.#hasChanged(failures)) return;
    const { outage, release } = failures;
    const { outage: _outage, release: _release, ...rest } = this.#memo;
    this.#memo = { ...rest, ...outageField(outage), ...releaseField(release) };
    upsertMemo({ outage: this.#memo.outage ?? null, release: this.#memo.release ?? null });
    upsertSearchAttributes(poolStatus(outage, release));
  }

  /** Whether {@link write} would write anything. */
  hasNews(held: Held, failures: Failures, isEnding: boolean): boolean {
    if (this.#isFullOf(held.moved) !== (this.fullOf !== undefined)) return true;
    return (isEnding || this.holdsEnough(held)) !== this.#memo.full || this.#hasChanged(failures);
  }

  holdsEnough({ waiting, moved }: Held): boolean {
    if (this.#isFullOf(moved)) return true;
    const share = this.#memo.full ? ROOM_AGAIN : 1;
    return waiting.events >= share * this.#full.events || waiting.bytes >= share * this.#full.bytes;
  }

  #hasChanged({ outage, release }: Failures): boolean {
    return outage?.since !== this.#memo.outage?.since || release?.at !== this.#memo.release?.at;
  }

  #isFullOf({ bytes }: Held['moved']): boolean {
    return bytes >= (this.fullOf === undefined ? 1 : MOVED_ROOM_AGAIN) * MAX_MOVED_BYTES;
  }

  #writeFullOf(moved: Held['moved']): void {
    const isFull = this.#isFullOf(moved);
    if (isFull === (this.fullOf !== undefined)) return;
    const { fullOf: _before, ...rest } = this.#memo;
    this.#memo = isFull ? { ...rest, fullOf: 'moved keys' } : rest;
    upsertMemo({ fullOf: this.#memo.fullOf ?? null });
    const fields = { movedKeys: moved.count };
    if (isFull) log.warn('The pool accepts no more records: it cannot track more keys with their own lanes', fields);
    else log.info('The pool accepts records again: enough keys have returned from their lanes', fields);
  }
}

function outageField(outage: Outage | undefined): Pick<PoolMemo, 'outage'> {
  if (outage === undefined) return {};
  const { failure, holdUntil, since } = outage;
  return { outage: { since, failure, holdUntil } };
}

function releaseField(release: Release | undefined): Pick<PoolMemo, 'release'> {
  if (release === undefined) return {};
  const { at, failure, since, why } = release;
  return { release: { since, at, why, failure } };
}
