import { log, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { EventLimits } from '../../../contracts/event/weight.ts';
import type { Outage, Release } from '../../../contracts/pool/state.ts';
import type { PoolMemo } from '../../../contracts/pool/view.ts';
import { poolStatus } from './attributes.ts';

/** Of what is full it goes on being full until so much has gone. */
const ROOM_AGAIN = 0.5;
/**
 * A pool whose list of moved keys takes more than this takes in nothing more: the keys that it still holds may have to move out too,
 * and all of it must fit into the argument of a next run, which may have 2 MiB.
 */
const MAX_MOVED_BYTES = 1_400_000;
const MOVED_ROOM_AGAIN = 0.95;

/** What a pool holds, as far as that decides whether it takes in more. */
export interface Held {
  /** Of healthy keys. */
  readonly waiting: EventLimits;
  readonly moved: { readonly count: number; readonly bytes: number };
}

/** What is wrong with most keys of a pool, if anything. */
interface Failures {
  readonly outage?: Outage | undefined;
  readonly release?: Release | undefined;
}

/** What bridges and people look at from outside: memo and search attributes of a pool, written on changes only. */
export class PoolStatusPublisher {
  readonly #full: EventLimits;
  /** As the run before this one has left it. */
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

  /** @param isClosing whether bridges shall wait whatever is held */
  write(held: Held, { outage, release }: Failures, isEnding: boolean): void {
    this.#writeFullOf(held.moved);
    const full = isEnding || this.holdsEnough(held);
    if (full !== this.#memo.full) {
      this.#memo = { ...this.#memo, full };
      upsertMemo({ full });
    }
    if (outage?.since === this.#memo.outage?.since && release?.at === this.#memo.release?.at) return;
    const { outage: _outage, release: _release, ...rest } = this.#memo;
    this.#memo = { ...rest, ...outageField(outage), ...releaseField(release) };
    upsertMemo({ outage: this.#memo.outage ?? null, release: this.#memo.release ?? null });
    upsertSearchAttributes(poolStatus(outage, release));
  }

  holdsEnough({ waiting, moved }: Held): boolean {
    if (this.#isFullOf(moved)) return true;
    const share = this.#memo.full ? ROOM_AGAIN : 1;
    return waiting.events >= share * this.#full.events || waiting.bytes >= share * this.#full.bytes;
  }

  /** Whether moved keys have become too many, or have become few enough. */
  hasNews(moved: Held['moved']): boolean {
    return this.#isFullOf(moved) !== (this.fullOf !== undefined);
  }

  #isFullOf({ bytes }: Held['moved']): boolean {
    return bytes >= (this.fullOf === undefined ? 1 : MOVED_ROOM_AGAIN) * MAX_MOVED_BYTES;
  }

  #writeFullOf(moved: Held['moved']): void {
    if (!this.hasNews(moved)) return;
    const isFull = this.#isFullOf(moved);
    const { fullOf: _before, ...rest } = this.#memo;
    this.#memo = isFull ? { ...rest, fullOf: 'moved keys' } : rest;
    upsertMemo({ fullOf: this.#memo.fullOf ?? null });
    const fields = { movedKeys: moved.count };
    if (isFull)
      log.warn('The pool takes in no more records: so many of its keys need lanes that it could track no more', fields);
    else log.info('The pool takes in records again: enough of its keys have come back from their lanes', fields);
  }
}

function outageField(outage: Outage | undefined): Pick<PoolMemo, 'outage'> {
  if (outage === undefined) return {};
  const { failure, holdUntil, since } = outage;
  return { outage: { since, failure, ...(holdUntil === undefined ? {} : { holdUntil }) } };
}

function releaseField(release: Release | undefined): Pick<PoolMemo, 'release'> {
  if (release === undefined) return {};
  const { at, failure, since, why } = release;
  return { release: { since, at, why, failure } };
}
