/** What a simulated run is made of. Everything random that is not named here comes from `seed`. */
import fc from 'fast-check';
import type { Weather } from './simulated-source.ts';

const SECOND = 1000;
export const KEYS = 6;

export interface Scenario {
  readonly seed: number;
  readonly shards: number;
  /** How long the source keeps a record; undefined for longer than the run. */
  readonly retentionMs?: number | undefined;
  /** Where the pipeline starts: at the oldest record, or so long after the stream's creation. */
  readonly startAfterMs?: number | undefined;
  readonly maxReaders: number;
  readonly shiftMs: number;
  readonly discoverEveryMs: number;
  readonly eventsPerRun: number;
  /** How many there are; undefined when each key has a lane of its own. */
  readonly pools?: number | undefined;
  /** False: lanes remember for ever, and a terminated pipeline comes back with any of its earlier states. */
  readonly lanesForget: boolean;
  readonly weather: Weather;
  /** What the stream went through before the pipeline was started. */
  readonly past: readonly Step[];
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly kind: 'put'; readonly key: number; readonly count: number }
  /** A record now and then, while other steps go on: the key's lane does not become idle. */
  | { readonly kind: 'drip'; readonly key: number; readonly count: number; readonly everyMs: number }
  | { readonly kind: 'split' | 'merge' | 'roll'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** A process dies; another one comes after `ms`. */
  | { readonly kind: 'kill'; readonly which: number; readonly ms: number }
  | { readonly kind: 'stop'; readonly which: number; readonly ms: number }
  /** `sending`: with a request, for the record that is written now, that has its stamp and is not on its way yet. */
  | { readonly kind: 'freeze'; readonly which: number; readonly ms: number; readonly sending: boolean }
  /** Heartbeats do not arrive, requests do. */
  | { readonly kind: 'deafen'; readonly which: number; readonly ms: number }
  /** All processes die, and come back after `ms`. */
  | { readonly kind: 'outage'; readonly ms: number }
  /** The pipeline is terminated, and started again after `ms`. `back`: how far back its state lies, 0 to 1. */
  | { readonly kind: 'terminate'; readonly ms: number; readonly back: number }
  | { readonly kind: 'pause'; readonly ms: number };

const which = fc.nat(9);
const short = fc.integer({ min: 0, max: 20 * SECOND });
/** Long enough for lanes to end meanwhile. */
const long = fc.integer({ min: 20 * SECOND, max: 200 * SECOND });
const time = fc.oneof({ weight: 3, arbitrary: short }, { weight: 1, arbitrary: long });

const put = fc.record({
  kind: fc.constant('put' as const),
  key: fc.nat(KEYS - 1),
  count: fc.integer({ min: 1, max: 9 }),
});
const drip = fc.record({
  kind: fc.constant('drip' as const),
  key: fc.nat(KEYS - 1),
  count: fc.integer({ min: 1, max: 12 }),
  everyMs: fc.integer({ min: 5 * SECOND, max: 50 * SECOND }),
});
const reshard = fc.record({ kind: fc.constantFrom('split', 'merge', 'roll'), which });
const wait = fc.record({ kind: fc.constant('wait' as const), ms: time });
const readError = fc.record({ kind: fc.constantFrom('kill', 'stop', 'deafen'), which, ms: time });
const freeze = fc.record({
  kind: fc.constant('freeze' as const),
  which,
  ms: fc.oneof(short, long),
  sending: fc.boolean(),
});
const standstill = fc.record({ kind: fc.constantFrom('outage', 'pause'), ms: time });
const terminate = fc.record({
  kind: fc.constant('terminate' as const),
  ms: short,
  back: fc.double({ min: 0, max: 1, noNaN: true }),
});

const past: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: put },
  { weight: 2, arbitrary: reshard },
  { weight: 1, arbitrary: wait },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: put },
  { weight: 1, arbitrary: drip },
  { weight: 3, arbitrary: reshard },
  { weight: 6, arbitrary: wait },
  { weight: 3, arbitrary: readError },
  { weight: 2, arbitrary: freeze },
  { weight: 1, arbitrary: standstill },
  { weight: 1, arbitrary: terminate },
);

const rate = (max: number) => fc.constantFrom(0, max / 4, max);

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer(),
  shards: fc.integer({ min: 1, max: 4 }),
  retentionMs: fc.option(fc.integer({ min: 30 * SECOND, max: 200 * SECOND }), { nil: undefined, freq: 2 }),
  startAfterMs: fc.option(fc.integer({ min: 0, max: 20 * SECOND }), { nil: undefined, freq: 2 }),
  maxReaders: fc.integer({ min: 1, max: 4 }),
  shiftMs: fc.integer({ min: 3 * SECOND, max: 40 * SECOND }),
  discoverEveryMs: fc.integer({ min: 3 * SECOND, max: 20 * SECOND }),
  eventsPerRun: fc.integer({ min: 60, max: 600 }),
  pools: fc.constantFrom(undefined, 2),
  lanesForget: fc.boolean(),
  weather: fc.record({ listings: rate(0.6), reads: rate(0.2), requests: rate(0.6) }),
  past: fc.array(past, { maxLength: 10 }),
  steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
});
