/** From read to done, at half of what a contender did when it had all of the events at once. Its keys are warm. */
import type { Backend } from './backends/backend.ts';
import type { ContenderName } from './contenders/names.ts';
import type { LatencyFigures } from './figures.ts';
import type { Load } from './load.ts';
import type { Outcome } from './outcome.ts';
import { pacedRace } from './paced-race.ts';

const SHARDS = 4;
const SECONDS = 20;
const KEYS = 1000;

/** @param best with as many keys, all events at once */
export async function measureLatency(
  contender: ContenderName,
  backend: Backend,
  best: Outcome | undefined,
): Promise<LatencyFigures> {
  if (best === undefined || typeof best === 'string') return { contender, perSecond: 0, outcome: 'no rate is known' };
  const perSecond = Math.floor(best.total / best.seconds / 2);
  const load: Load = {
    name: 'latency',
    title: `${perSecond} events/s`,
    events: KEYS + SECONDS * perSecond,
    keys: KEYS,
    warmsUp: true,
  };
  const { outcome } = await pacedRace({ contender, backend, load, shards: SHARDS, perSecond });
  return { contender, perSecond, outcome };
}
