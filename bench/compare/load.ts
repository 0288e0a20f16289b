/** What the contenders are given: the same records, in the same order, for each of them. */

import type { ContenderName } from './contenders/names.ts';

export interface Load {
  readonly name: string;
  readonly title: string;
  readonly events: number;
  readonly keys: number;
  /** One key has half of the traffic. @default false */
  readonly hot?: boolean;
  /** Every so many-th event is one that can never be handled. @default none */
  readonly poisonEvery?: number;
  /** How long the handler waits. @default 0 */
  readonly handlerMs?: number;
  /** The first event of each key warms it up: nobody looks at how long that takes. @default false */
  readonly warmsUp?: boolean;
  /** Bytes of the data of an event. @default 200 */
  readonly payloadBytes?: number;
  /** Who is asked to do it. @default everybody */
  readonly only?: readonly ContenderName[];
}

export interface LoadEvent {
  readonly key: string;
  /** From 1, within its key. */
  readonly n: number;
  readonly poison?: true;
}

const PAYLOAD_BYTES = 200;
const HOT_KEY = 'key-hot';

export const LOADS: readonly Load[] = [
  { name: 'many', title: '20,000 keys', events: 20_000, keys: 20_000 },
  { name: 'some', title: '1,000 keys', events: 20_000, keys: 1000 },
  { name: 'few', title: '100 keys', events: 20_000, keys: 100 },
  { name: 'hot', title: 'one hot key', events: 20_000, keys: 1000, hot: true },
  { name: 'poison', title: '1 % poison', events: 20_000, keys: 1000, poisonEvery: 100 },
  { name: 'huge', title: '200,000 keys (and events)', events: 200_000, keys: 200_000, only: ['pooled'] },
  {
    name: 'large',
    title: '1,000 keys, 1 KiB each',
    events: 20_000,
    keys: 1000,
    payloadBytes: 1024,
    only: ['pooled', 'own'],
  },
  { name: 'slow', title: '20 ms a call', events: 20_000, keys: 1000, handlerMs: 20 },
];

/** In the order of the stream: the keys take turns. */
export function* eventsOf({ events, keys, hot = false, poisonEvery }: Load): Generator<LoadEvent> {
  const counts = new Map<string, number>();
  for (let index = 0; index < events; index += 1) {
    const key = hot && index % 2 === 0 ? HOT_KEY : `key-${Math.floor(hot ? index / 2 : index) % keys}`;
    const n = 1 + (counts.get(key) ?? 0);
    counts.set(key, n);
    yield { key, n, ...(isPoison(index, poisonEvery) ? { poison: true } : {}) };
  }
}

/** In step with nothing. The factor spreads numbers that follow on one another: Knuth, The Art of Computer Programming 3, 6.4. */
function isPoison(index: number, every: number | undefined): boolean {
  return every !== undefined && (Math.imul(index, 2_654_435_761) >>> 8) % every === every - 1;
}

/** How many events of each key can be handled: those before its first poison. */
export function handleable(load: Load): Map<string, number> {
  const counts = new Map<string, number>();
  const blocked = new Set<string>();
  for (const { key, n, poison } of eventsOf(load)) {
    if (poison === true) blocked.add(key);
    if (!blocked.has(key)) counts.set(key, n);
  }
  return counts;
}

/** The data of an event as it is in the stream. */
export function encode(event: LoadEvent, { payloadBytes = PAYLOAD_BYTES }: Load): Buffer {
  const { length } = JSON.stringify({ ...event, filler: '' });
  return Buffer.from(JSON.stringify({ ...event, filler: 'x'.repeat(Math.max(0, payloadBytes - length)) }));
}
