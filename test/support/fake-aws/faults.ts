import type { Clock } from './clock.ts';
import type { Input } from './input.ts';

/** A shard as both services list it. */
export interface ListedShard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
  readonly HashKeyRange?: { readonly StartingHashKey: string; readonly EndingHashKey: string };
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

/** Gives a page of a listing as it is to be sent. `all` gives the true listing, over all pages. */
export type ListingChange = (page: readonly ListedShard[], all: () => readonly ListedShard[]) => readonly ListedShard[];

export type Fault =
  /** An error by its name in AWS. */
  | { readonly kind: 'error'; readonly name: string; readonly status: number; readonly message: string }
  /** An error whose name depends on service and operation. */
  | { readonly kind: 'throttled' | 'trimmed' | 'internal' }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  /** The connection breaks. */
  | { readonly kind: 'reset' }
  /** The call goes on when the promise settles; the model is asked then and not before. */
  | { readonly kind: 'held'; readonly until: Promise<unknown> }
  /** The call is carried out at once, its answer stays on the way until the promise settles. */
  | { readonly kind: 'delayed'; readonly until: Promise<unknown> }
  /** Of GetRecords: nothing now, the same records later. */
  | { readonly kind: 'emptyPage' }
  /** Of GetRecords: counts as 10 MiB, so the next five seconds are throttled. */
  | { readonly kind: 'fullPage' }
  /** Of GetRecords at a shard's end: no child shards. Of DescribeStream with CHILD_SHARDS: none. */
  | { readonly kind: 'childless' }
  /** Of ListShards and DescribeStream. */
  | { readonly kind: 'listing'; readonly change: ListingChange };

/** A call as the script sees it. */
export interface FakeCall {
  readonly service: 'kinesis' | 'dynamodb';
  readonly operation: string;
  /** Of the request itself or of its iterator. */
  readonly shardId: string | undefined;
  readonly input: Input;
}

export interface FaultRule {
  readonly operation: string;
  readonly shardId?: string;
  /** Any further condition. */
  readonly where?: (call: FakeCall) => boolean;
  /** Calls that meet it. @default 1, or without end when there is `until` */
  readonly times?: number;
  /** Time of the fake's clock from which it is over. */
  readonly until?: number;
  readonly fault: Fault;
}

/**
 * What goes wrong, and when. Each call meets the first rule that fits it and no other; a rule is spent when `times`
 * calls have met it.
 */
export class FaultScript {
  readonly #clock: Clock;
  #rules: { readonly rule: FaultRule; left: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns a function that takes the rule back. */
  add(rule: FaultRule): () => void {
    const entry = { rule, left: rule.times ?? (rule.until === undefined ? 1 : Number.POSITIVE_INFINITY) };
    this.#rules.push(entry);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** Calls still to be met by rules; a test can see that what it scripted has happened. */
  get pending(): number {
    return this.#rules.reduce((sum, { left }) => sum + left, 0);
  }

  take(call: FakeCall): Fault | undefined {
    const now = this.#clock.now();
    this.#rules = this.#rules.filter(({ rule, left }) => left > 0 && (rule.until === undefined || now < rule.until));
    const found = this.#rules.find(({ rule }) => fits(rule, call));
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left === 0) this.#rules = this.#rules.filter((entry) => entry !== found);
    return found.rule.fault;
  }
}

function fits(rule: FaultRule, call: FakeCall): boolean {
  if (rule.operation !== call.operation) return false;
  if (rule.shardId !== undefined && rule.shardId !== call.shardId) return false;
  return rule.where?.(call) ?? true;
}
