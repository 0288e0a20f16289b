/** What the outcomes of the keys that a batch has released say. Pure. */
import type { FailedEvent } from '../../../contracts/event/failure.ts';
import type { ProbeCounts } from '../../../contracts/pool/state.ts';
import type { Released } from './batch.ts';
import { isFarOff, isUsedUp } from '../failing.ts';
import type { HealthyKeys } from '../queue.ts';
import type { Judged, Trial } from '../outage/outage.ts';
import { countProbe } from '../outage/probe.ts';

export interface Outcomes {
  /** Events that succeeded. */
  readonly handled: number;
  readonly failed: readonly { readonly key: string; readonly known: FailedEvent }[];
  /** Keys with an event that took long, and with others that wait behind it. */
  readonly slow: readonly string[];
  readonly judged: Required<Omit<Judged, 'probe'>> & { readonly probe: ProbeCounts };
}

/** Returns the released keys to those that wait, without the events that succeeded. */
export function takeOutcomes(keys: HealthyKeys, released: readonly Released[]): Outcomes {
  const failed: { readonly key: string; readonly known: FailedEvent }[] = [];
  const slow: string[] = [];
  const trials: Trial[] = [];
  let probe: ProbeCounts = { freshDone: 0, freshFailed: 0, retriedDone: 0, retriedFailed: 0 };
  let handled = 0;
  for (const { attempts, key, outcome, retry } of released) {
    const { succeeded } = outcome;
    handled += succeeded;
    keys.release(key, succeeded);
    if (outcome.kind === 'lost') keys.lost(key);
    else if (outcome.kind === 'failed') failed.push({ key, known: { failure: outcome.failure, policy: retry } });
    else if (outcome.isSlow === true && keys.waitingOf(key).length > 0) slow.push(key);
    const isRetryable = outcome.kind === 'failed' && !outcome.failure.nonRetryable;
    if (isRetryable) trials.push('failed');
    else if (succeeded > 0) trials.push('done');
    // A key that progresses before it fails shows that handlers work.
    if (isRetryable || succeeded > 0) probe = countProbe(probe, attempts, succeeded > 0);
  }
  const latest = failed.map(({ known }) => known).findLast(({ failure }) => !failure.nonRetryable);
  return { handled, failed, slow, judged: { trials, probe, latest } };
}

/** After a hold: keys whose next attempt is far off move out at once. */
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
