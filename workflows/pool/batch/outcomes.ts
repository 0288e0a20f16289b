/** What the keys that a batch gives back have shown. Pure. */
import type { FailedEvent } from '../../../contracts/event/failure.ts';
import type { ProbeCounts } from '../../../contracts/pool/state.ts';
import type { Released } from './batch.ts';
import { isFarOff, isUsedUp } from '../failing.ts';
import type { HealthyKeys } from '../queue.ts';
import type { Judged, Trial } from '../outage/outage.ts';
import { countProbe } from '../outage/probe.ts';

export interface Outcomes {
  /** Events that are done. */
  readonly handled: number;
  readonly failed: readonly { readonly key: string; readonly known: FailedEvent }[];
  /** Keys of which an event took long, and for which others wait. */
  readonly slow: readonly string[];
  readonly judged: Required<Omit<Judged, 'probe'>> & { readonly probe: ProbeCounts };
}

/** Gives the keys back to those that wait, without what is done. */
export function takeOutcomes(keys: HealthyKeys, released: readonly Released[]): Outcomes {
  const failed: { readonly key: string; readonly known: FailedEvent }[] = [];
  const slow: string[] = [];
  const trials: Trial[] = [];
  let probe: ProbeCounts = { freshDone: 0, freshFailed: 0, retriedDone: 0, retriedFailed: 0 };
  let handled = 0;
  for (const { key, events, outcome, attempts, isLost } of released) {
    const done = Math.min(outcome.done, events.length);
    handled += done;
    keys.release(key, done);
    if (isLost) keys.lost(key);
    else if (outcome.failed !== undefined) failed.push({ key, known: outcome.failed });
    else if (outcome.isSlow === true && keys.waitingOf(key).length > 0) slow.push(key);
    const isRetryable = outcome.failed !== undefined && !outcome.failed.failure.nonRetryable;
    if (isRetryable) trials.push('failed');
    else if (done > 0) trials.push('done');
    // A key that gets on before it fails shows that handlers work.
    if (isRetryable || done > 0) probe = countProbe(probe, attempts, done > 0);
  }
  const latest = failed.map(({ known }) => known).findLast(({ failure }) => !failure.nonRetryable);
  return { handled, failed, slow, judged: { trials, probe, latest } };
}

/** When a hold has ended: keys whose next attempt is far off move out at once. */
export function letGo(keys: HealthyKeys, now: number): void {
  for (const key of keys.ready()) {
    const failing = keys.failingOf(key);
    if (failing !== undefined && isFarOff(failing, now)) keys.leave(key);
  }
}

/** What becomes of keys that have failed and have attempts left. See outage.ts. */
export type Mode = 'normal' | 'holding' | 'releasing';

export function takeFailures(keys: HealthyKeys, failed: Outcomes['failed'], mode: Mode, now: number): void {
  for (const { key, known } of failed) {
    const failing = keys.failed(key, known, now);
    const mayStay = mode === 'holding' || (mode === 'releasing' && failing.attempts === 1 && !isFarOff(failing, now));
    if (!mayStay || isUsedUp(failing)) keys.leave(key);
  }
}
