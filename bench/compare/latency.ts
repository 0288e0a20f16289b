/**
 * From read to done, at half of the rate that a contender keeps up with. That is not what it does with all events at once:
 * then many of a key come together, and share what each costs when it comes alone. Its keys are warm.
 */
import type { Backend } from './backends/backend.ts';
import type { ContenderName } from './contenders/names.ts';
import type { LatencyFigures } from './figures.ts';
import type { Load } from './load.ts';
import type { Outcome } from './outcome.ts';
import { rampedEvents, type Second } from './paced.ts';
import { pacedRace } from './paced-race.ts';

const SHARDS = 4;
const SECONDS = 20;
const RAMP_SECONDS = 40;
/** Who is so many seconds of events behind does not keep up: what it handled in the seconds before is what it can. */
const BEHIND_SECONDS = 2;
const SECONDS_BEFORE = 4;
const KEYS = 1000;

/** @param best with as many keys, all events at once: more than it keeps up with */
export async function measureLatency(
  contender: ContenderName,
  backend: Backend,
  best: Outcome | undefined,
): Promise<LatencyFigures> {
  if (best === undefined || typeof best === 'string') return { contender, perSecond: 0, outcome: 'no rate is known' };
  const top = best.total / best.seconds;
  const ramp = paced('ramp', `up to ${Math.round(top)} events/s`, rampedEvents(top, RAMP_SECONDS, RAMP_SECONDS));
  const rising = { contender, backend, load: ramp, shards: SHARDS, perSecond: top, rampSeconds: RAMP_SECONDS };
  const { outcome: ramped, seconds } = await pacedRace(rising);
  if (typeof ramped === 'string') return { contender, perSecond: 0, outcome: ramped };
  const perSecond = Math.round(keptUpWith(seconds) / 2);
  const load = paced('latency', `${perSecond} events/s`, SECONDS * perSecond);
  const { outcome } = await pacedRace({ contender, backend, load, shards: SHARDS, perSecond });
  return { contender, perSecond, outcome };
}

function paced(name: string, title: string, events: number): Load {
  return { name, title, events: KEYS + Math.round(events), keys: KEYS, warmsUp: true };
}

/** Events a second: what was handled before the contender fell behind, or at the end of the ramp. */
function keptUpWith(seconds: readonly Second[]): number {
  const writtenIn = (at: number) => (seconds[at]?.written ?? 0) - (seconds[at - 1]?.written ?? 0);
  const behind = seconds.findIndex(
    ({ written, handled }, at) => at > 1 && written - handled > BEHIND_SECONDS * writtenIn(at),
  );
  const end = behind === -1 ? seconds.length - 1 : behind;
  const begin = Math.max(0, end - SECONDS_BEFORE);
  return ((seconds[end]?.handled ?? 0) - (seconds[begin]?.handled ?? 0)) / (end - begin);
}
