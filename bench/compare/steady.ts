/** Two full shards of Kinesis, written for minutes: whether one pipeline keeps up. */
import type { Backend } from './backends/backend.ts';
import type { Load } from './load.ts';
import type { Outcome } from './outcome.ts';
import type { Second } from './paced.ts';
import { pacedRace } from './paced-race.ts';

const SHARDS = 2;
/** A shard takes 1,000 records a second. */
const PER_SECOND = SHARDS * 1000;
const MINUTES = 5;
const SECONDS_A_MINUTE = 60;
const KEYS = 10_000;

export interface SteadyFigures {
  readonly perSecond: number;
  readonly keys: number;
  /** Events that were written and not handled yet: the mean of each minute. */
  readonly lagByMinute: readonly number[];
  readonly outcome: Outcome;
}

export async function measureSteady(backend: Backend): Promise<SteadyFigures> {
  const load: Load = {
    name: 'steady',
    title: `${PER_SECOND} events/s for ${MINUTES} minutes`,
    events: KEYS + PER_SECOND * SECONDS_A_MINUTE * MINUTES,
    keys: KEYS,
    warmsUp: true,
  };
  const { outcome, seconds } = await pacedRace({
    contender: 'pooled',
    backend,
    load,
    shards: SHARDS,
    perSecond: PER_SECOND,
  });
  return { perSecond: PER_SECOND, keys: KEYS, lagByMinute: lagsByMinute(seconds).slice(0, MINUTES), outcome };
}

function lagsByMinute(seconds: readonly Second[]): number[] {
  const means: number[] = [];
  for (let from = 0; from < seconds.length; from += SECONDS_A_MINUTE) {
    const lags = seconds.slice(from, from + SECONDS_A_MINUTE).map(({ written, handled }) => written - handled);
    means.push(lags.reduce((sum, lag) => sum + lag, 0) / lags.length);
  }
  return means;
}
