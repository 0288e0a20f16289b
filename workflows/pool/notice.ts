import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { EventLimits } from '../../contracts/event-weight.ts';
import type { Outage, PoolMemo } from '../../contracts/pool.ts';
import { poolStatus } from './attributes.ts';

/** Of what is full it goes on being full until so much has gone. */
const ROOM_AGAIN = 0.5;

/** What bridges and people look at from outside: memo and search attributes of a pool, written on changes only. */
export class Notice {
  /** As the run before this one has left it. */
  #memo: PoolMemo = (({ full, outage }: Partial<PoolMemo>) => ({
    full: full === true,
    ...(outage === undefined ? {} : { outage }),
  }))(workflowInfo().memo ?? {});

  /** @param isClosing whether bridges shall wait whatever is held */
  write(held: EventLimits, full: EventLimits, outage: Outage | undefined, isClosing: boolean): void {
    const isFull = isClosing || this.holdsEnough(held, full);
    if (isFull !== this.#memo.full) {
      this.#memo = { ...this.#memo, full: isFull };
      upsertMemo({ full: isFull });
    }
    if (outage?.since === this.#memo.outage?.since) return;
    const { outage: _before, ...rest } = this.#memo;
    this.#memo = outage === undefined ? rest : { ...rest, outage: { since: outage.since, failure: outage.failure } };
    upsertMemo({ outage: this.#memo.outage ?? null });
    upsertSearchAttributes(poolStatus(outage));
  }

  holdsEnough(held: EventLimits, full: EventLimits): boolean {
    const share = this.#memo.full ? ROOM_AGAIN : 1;
    return held.events >= share * full.events || held.bytes >= share * full.bytes;
  }
}
