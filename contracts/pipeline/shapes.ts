/** Shapes of what a pipeline holds, of its options and of what its readers report. */
import {
  boolean,
  count,
  list,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  tagged,
  type Shape,
} from '../../lib/pure/shape.ts';
import { position } from '../event/shapes.ts';
import type { PipelineOptions, StartPoint } from './options.ts';
import type { ReaderReport, ShardProgress } from './reading.ts';
import type { FinishedShards, Gap, LineageShard, PipelineState } from './state.ts';
import type { KnownStream, OtherStream, StreamIdentity } from './stream-identity.ts';

export const pipelineOptions: Shape<PipelineOptions> = object<PipelineOptions>({
  discoverEveryMs: number,
  maxReaders: count,
  shiftMs: number,
  heartbeatTimeoutMs: number,
  eventsPerRun: count,
});

export const startPoint: Shape<StartPoint> = tagged<StartPoint, 'at'>('at', {
  horizon: object<Extract<StartPoint, { readonly at: 'horizon' }>>({ at: oneOf('horizon') }),
  time: object<Extract<StartPoint, { readonly at: 'time' }>>({ at: oneOf('time'), since: number }),
  after: object<Extract<StartPoint, { readonly at: 'after' }>>({
    at: oneOf('after'),
    position,
    consumedUntil: optional(number),
  }),
});

export const knownStream: Shape<KnownStream> = object<KnownStream>({
  arn: optional(string),
  region: optional(string),
  createdAt: optional(string),
  id: optional(string),
  oldestShard: optional(object<NonNullable<StreamIdentity['oldestShard']>>({ shardId: string, beginning: string })),
  enabled: optional(string),
  endpoint: optional(string),
  seenAt: string,
});

const gap = object<Gap>({ shardId: string, after: optional(position), until: optional(position), at: number });

const lineageShard = object<LineageShard>({
  shardId: string,
  parents: list(string),
  start: startPoint,
  checkpoint: optional(position),
  taken: optional(count),
  consumedUntil: optional(number),
  filtered: optional(count),
  missingSince: optional(number),
  orphanedIn: optional(count),
});

const finishedShards = object<FinishedShards>({
  missingSince: record(number),
  childless: list(string),
  taken: count,
  filtered: count,
});

export const pipelineState: Shape<PipelineState> = object<PipelineState>({
  shards: record(lineageShard),
  finished: finishedShards,
  listed: optional(string),
  discovered: boolean,
  gaps: optional(list(gap)),
  gapCount: optional(count),
  retentionMs: optional(number),
  paused: optional(
    object<NonNullable<PipelineState['paused']>>({ by: string, since: number, reason: optional(string) }),
  ),
  stream: optional(knownStream),
  otherStream: optional(object<OtherStream>({ found: knownStream, since: number })),
  unordered: optional(object<NonNullable<PipelineState['unordered']>>({ since: number })),
});

const shardProgress = object<ShardProgress>({
  checkpoint: optional(position),
  finished: boolean,
  lagMs: optional(number),
  consumedUntil: optional(number),
  gaps: optional(list(gap)),
  read: count,
  taken: count,
  quarantined: count,
  filtered: optional(count),
  misrouted: optional(count),
  readError: optional(string),
});

export const readerReport: Shape<ReaderReport> = object<ReaderReport>({ shards: record(shardProgress) });
