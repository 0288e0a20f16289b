/** What a case of the property test on lanes is made of. It holds all that is random, but not how things fall in time. */
import fc from 'fast-check';
import { VERBS, type VerbName } from '../../../contracts/names.ts';

/** Where the lanes of a case live. */
export type Hosting = 'own' | 'pooled';

/** How many keys a case has. In a pool several must be healthy while one is not. */
export const KEYS = { own: 3, pooled: 6 } as const;

/** What the handler does with an event. */
export interface Script {
  /** How long a call takes, in ms. One that is asked to stop ends. */
  readonly takes: number;
  readonly fails: 'never' | 'retryably' | 'finally';
  /** So many calls fail before one succeeds; -1 for all, until the end of the case. */
  readonly times: number;
  /** Characters. */
  readonly size: number;
}

export interface Limits {
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
  readonly signalsPerRun: number;
  readonly segmentEvents: number;
  /** Of lanes whose shards are never read by two at once; see `overlaps`. */
  readonly idleMs: number;
}

export interface PoolLimits {
  readonly count: number;
  readonly eventsPerKey: number;
  readonly batchEvents: number;
  readonly batchesInFlight: number;
  readonly signalsPerRun: number;
  readonly slowAfterMs: number;
}

export type Step =
  /** Records are written to a shard, and its reader hands them over, so many of a key at a time. */
  | {
      readonly do: 'write';
      readonly shard: number;
      readonly records: readonly { readonly key: number; readonly script: Script }[];
      readonly batch: number;
      /** Each request is made twice, as when the answer to the first is lost. */
      readonly twice: boolean;
      /** They are not handed over before the shard is written to again. */
      readonly kept: boolean;
    }
  /** What its reader knows to be accepted becomes the shard's durable checkpoint. */
  | { readonly do: 'checkpoint'; readonly shard: number }
  /** Another reader begins at the checkpoint. The one before does not know. */
  | { readonly do: 'take over'; readonly shard: number }
  /** The readers before send what they have, with the lease that they had. */
  | { readonly do: 'send late'; readonly shard: number }
  | {
      readonly do: 'verb';
      readonly key: number;
      readonly name: VerbName;
      /** The record that it names: none, the head, the one after it, or the head of the last verb. */
      readonly names: 'none' | 'head' | 'next' | 'old';
      readonly as: 'update' | 'signal';
      /** Two persons ask for the same at once. */
      readonly twice: boolean;
      /** Not before an event of the key has failed, if one does soon. */
      readonly waits: boolean;
    }
  /** `roll`: another worker comes before the one that is there is stopped. */
  | { readonly do: 'worker'; readonly how: 'stop' | 'kill' | 'roll'; readonly ms: number }
  | { readonly do: 'wait'; readonly ms: number }
  /** For as long as an idle lane lives. */
  | { readonly do: 'idle' }
  | { readonly do: 'look'; readonly key: number }
  | { readonly do: 'end'; readonly key: number; readonly how: 'cancel' | 'terminate' };

export interface LaneCase {
  readonly replayed: boolean;
  readonly shards: number;
  /** The durable checkpoints follow what is accepted at once. */
  readonly follows: boolean;
  /** Shards are taken over, so lanes remember for longer. */
  readonly overlaps: boolean;
  readonly limits: Limits;
  /** Without them each key has a lane of its own. */
  readonly pools?: PoolLimits;
  readonly steps: readonly Step[];
}

const which = fc.nat(9);
/** As many of each key, however many keys there are. */
const key = fc.nat(2 * KEYS.own * KEYS.pooled - 1);
const takes = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 900 }) },
  // Longer than its time limit.
  { weight: 1, arbitrary: fc.constant(5000) },
);
const size = fc.oneof({ weight: 6, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.nat(4000) });
const good = fc.record({
  takes: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(300) }),
  fails: fc.constant('never' as const),
  times: fc.constant(0),
  size,
});
const bad = fc.record({
  takes,
  fails: fc.constantFrom('retryably' as const, 'finally' as const),
  times: fc.constantFrom(1, 1, 2, 3, 4, -1),
  size,
});
const script: fc.Arbitrary<Script> = fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: bad });

const write = fc.record({
  do: fc.constant('write' as const),
  shard: which,
  records: fc.array(fc.record({ key, script }), { minLength: 1, maxLength: 6 }),
  batch: fc.integer({ min: 1, max: 6 }),
  twice: fc.boolean(),
  kept: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const ofShard = (name: 'checkpoint' | 'take over' | 'send late') =>
  fc.record({ do: fc.constant(name), shard: which }) as fc.Arbitrary<Step>;
const verb = fc.record({
  do: fc.constant('verb' as const),
  key,
  name: fc.constantFrom(...VERBS),
  names: fc.constantFrom('none' as const, 'none' as const, 'head' as const, 'next' as const, 'old' as const),
  waits: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  as: fc.constantFrom('update' as const, 'signal' as const),
  twice: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const worker = fc.record({
  do: fc.constant('worker' as const),
  how: fc.constantFrom('stop' as const, 'stop' as const, 'roll' as const, 'roll' as const, 'kill' as const),
  ms: fc.nat(800),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: write },
  { weight: 3, arbitrary: ofShard('checkpoint') },
  { weight: 2, arbitrary: ofShard('take over') },
  { weight: 2, arbitrary: ofShard('send late') },
  { weight: 10, arbitrary: verb },
  { weight: 1, arbitrary: worker },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('idle' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('look' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      key,
      how: fc.constantFrom('cancel' as const, 'terminate' as const),
    }),
  },
);

const common = {
  replayed: fc.boolean(),
  // Of more than 16 shards a lane forgets some while it is at work.
  shards: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 3 }) },
    { weight: 1, arbitrary: fc.integer({ min: 17, max: 20 }) },
  ),
  follows: fc.boolean(),
  overlaps: fc.boolean(),
  limits: fc.record({
    maxBatchEvents: fc.integer({ min: 1, max: 10 }),
    maxBatchBytes: fc.constantFrom(300, 2000, 100_000),
    signalsPerRun: fc.integer({ min: 3, max: 20 }),
    segmentEvents: fc.integer({ min: 3, max: 10 }),
    idleMs: fc.integer({ min: 50, max: 600 }),
  }),
  steps: fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }),
};

const pools: fc.Arbitrary<PoolLimits> = fc.record({
  count: fc.integer({ min: 1, max: 2 }),
  eventsPerKey: fc.integer({ min: 1, max: 10 }),
  batchEvents: fc.integer({ min: 2, max: 30 }),
  batchesInFlight: fc.integer({ min: 1, max: 3 }),
  signalsPerRun: fc.integer({ min: 3, max: 20 }),
  slowAfterMs: fc.constantFrom(30, 200, 2000),
});

export const casesOf = (hosting: Hosting): fc.Arbitrary<LaneCase> =>
  hosting === 'own' ? fc.record(common) : fc.record({ ...common, pools });
