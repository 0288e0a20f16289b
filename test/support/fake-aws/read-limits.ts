import type { Clock } from './clock.ts';

const SECOND_MS = 1000;

/** The limits of AWS. Off unless a test switches them on. */
export interface LimitSettings {
  enforced: boolean;
  /** Kinesis: GetRecords, and apart from that GetShardIterator, for each shard. */
  kinesisCallsPerShard: number;
  /** Kinesis: read from one shard. A page that exceeds it blocks the shard for as long as it makes up for. */
  kinesisBytesPerShard: number;
  /** Kinesis: ListShards for each stream. */
  kinesisListings: number;
  /** DynamoDB Streams: DescribeStream of the account. */
  dynamodbDescriptions: number;
  /** DynamoDB Streams: GetRecords for each shard. AWS says "two processes", five calls a second each is our reading. */
  dynamodbCallsPerShard: number;
}

export function defaultLimits(): LimitSettings {
  return {
    enforced: false,
    kinesisCallsPerShard: 5,
    kinesisBytesPerShard: 2 * 1024 * 1024,
    kinesisListings: 1000,
    dynamodbDescriptions: 10,
    dynamodbCallsPerShard: 10,
  };
}

interface Meter {
  calls: number[];
  bytes: { readonly at: number; readonly size: number }[];
  blockedUntil: number;
}

/** Counts calls and bytes over the last second of the fake's clock. A call that is refused does not count. */
export class ReadLimits {
  readonly settings: LimitSettings;
  readonly #clock: Clock;
  readonly #meters = new Map<string, Meter>();

  constructor(clock: Clock, settings: Partial<LimitSettings> = {}) {
    this.#clock = clock;
    this.settings = { ...defaultLimits(), ...settings };
  }

  /** Whether a call may go on. `subject` is what the limit is for: a shard, a stream, the account. */
  admits(subject: string, perSecond: number): boolean {
    const now = this.#clock.now();
    const meter = this.#meter(subject);
    if (now < meter.blockedUntil) return false;
    if (!this.settings.enforced) return true;
    meter.calls = meter.calls.filter((at) => at > now - SECOND_MS);
    if (meter.calls.length >= perSecond) return false;
    meter.calls.push(now);
    return true;
  }

  /** Counts what a call has read. Beyond the limit of a second the subject is blocked, five seconds for 10 MiB. */
  read(subject: string, size: number, perSecond: number): void {
    if (!this.settings.enforced) return;
    const now = this.#clock.now();
    const meter = this.#meter(subject);
    meter.bytes = meter.bytes.filter(({ at }) => at > now - SECOND_MS);
    meter.bytes.push({ at: now, size });
    const total = meter.bytes.reduce((sum, read) => sum + read.size, 0);
    if (total >= perSecond) this.block(subject, Math.max(SECOND_MS, (size / perSecond) * SECOND_MS));
  }

  /** Refuses the subject's calls for so long, whether limits are enforced or not. */
  block(subject: string, ms: number): void {
    this.#meter(subject).blockedUntil = this.#clock.now() + ms;
  }

  #meter(subject: string): Meter {
    let meter = this.#meters.get(subject);
    if (meter === undefined) {
      meter = { calls: [], bytes: [], blockedUntil: 0 };
      this.#meters.set(subject, meter);
    }
    return meter;
  }
}
