/** Shapes of an event and its parts, for the parsers of the messages and states that hold them: see lib/pure/shape.ts. */
import {
  boolean,
  byField,
  count,
  number,
  object,
  optional,
  string,
  unknown,
  where,
  type Shape,
} from '../../lib/pure/shape.ts';
import type { Claim, ClaimedData, EventData, InlineData, LaneEvent, SourceKind, SourceOnlyData } from './event.ts';
import type { FailedEvent, Failure, RetryPolicy } from './failure.ts';
import { isClaim } from './new-data.ts';
import type { Position } from './position.ts';
import type { EventLimits } from './weight.ts';

/** Marks are kept by shard ids, and no source has a shard called `constructor`. */
const shardId = where(string, 'the id of a shard', (value) => !(value in Object.prototype));

export const position: Shape<Position> = object<Position>({
  shardId,
  sequenceNumber: string,
  subSequenceNumber: optional(count),
});

export const claim: Shape<Claim> = where(unknown as Shape<Claim>, 'a claim of the store of large events', isClaim);

const claimed = object<ClaimedData>({ claim });

const sourceOnly = object<SourceOnlyData>({
  sourceOnly: object<SourceOnlyData['sourceOnly']>({
    preview: string,
    stored: optional(object<Pick<Claim, 'name' | 'sha256'>>({ name: string, sha256: string })),
  }),
});

const inline = {
  base64: object<Extract<InlineData, { base64: string }>>({ base64: string }),
  text: object<Extract<InlineData, { text: string }>>({ text: string }),
  json: object<Extract<InlineData, { json: unknown }>>({ json: unknown }),
};

export const eventData: Shape<EventData> = byField<EventData>({ claim: claimed, sourceOnly, ...inline });

/** What `replace` gives. */
export const newData: Shape<InlineData | ClaimedData> = byField<InlineData | ClaimedData>({
  claim: claimed,
  ...inline,
});

/** Sizes are added up. */
export const size = where(number, 'a number of 0 or more', (value) => value >= 0);

/**
 * Any name of a source: a newer bridge may read one that this version does not know, and to drop its events would lose them. The
 * handler's side blocks the key of such an event instead (O8).
 */
const source = string as unknown as Shape<SourceKind>;

export const eventFields = {
  position,
  arrivedAt: number,
  data: eventData,
  size,
  source,
  replaced: optional(count),
  redriveSequence: optional(string),
  forwarded: optional(string),
} as const;

export const laneEvent: Shape<LaneEvent> = object<LaneEvent>(eventFields);

export const failure: Shape<Failure> = object<Failure>({
  type: string,
  message: string,
  stack: optional(string),
  nonRetryable: boolean,
});

export const retryPolicy: Shape<RetryPolicy> = object<RetryPolicy>({
  maxAttempts: number,
  initialIntervalMs: number,
  backoff: number,
  maxIntervalMs: number,
});

export const failedEvent: Shape<FailedEvent> = object<FailedEvent>({ failure, policy: retryPolicy });

export const eventLimits: Shape<EventLimits> = object<EventLimits>({ events: count, bytes: count });
