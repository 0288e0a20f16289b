import type { ContenderName } from './contenders/names.ts';
import type { Load } from './load.ts';

const TENTH = 10;
const FEWEST_KEYS = 100;

/**
 * What a contender gets of a load. All of it would take the plain way an hour, and own hosting ten minutes where every event
 * has a new key: they get a tenth, of the keys as well as long as there are many. What an event costs them does not depend on
 * how many there are.
 */
export function shareOf(contender: ContenderName, load: Load): Load {
  const takesLong = contender === 'plain' || (contender === 'own' && load.keys === load.events);
  if (!takesLong) return load;
  const keys = Math.min(load.keys, Math.max(FEWEST_KEYS, load.keys / TENTH));
  return { ...load, name: `${load.name}-tenth`, events: load.events / TENTH, keys };
}
