import { z } from 'zod';
import type { Handler } from '../contracts/public/handler.ts';
import { MIN_SEGMENT_LIMITS, MAX_SEGMENT_LIMITS } from '../contracts/lane/backlog.ts';
import { durationMs } from '../contracts/public/duration.ts';
import { MIN_INLINE_BYTES, MAX_INLINE_BYTES } from '../contracts/event/large-events.ts';
import { DEFAULT_LANE_OPTIONS } from '../contracts/lane/options.ts';
import { PIPELINE_NAME } from '../contracts/names.ts';
import { MAX_MAX_HOLD_MS } from '../contracts/pool/options.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../contracts/pipeline/options.ts';
import type { KeyableRecord } from '../contracts/public/record.ts';
import { isMetricsAddress, METRICS_ADDRESS_FORM } from './metrics-address.ts';
import { BUILD_ID, BUILD_ID_FORM, DEPLOYMENT_NAME, DEPLOYMENT_NAME_FORM } from './deployment.ts';
import { LEASE_CONFIRMED_EVERY_MS, REQUEST_TIMEOUT_MS } from './defaults.ts';
import { checked, duration, fields, oneFunction, size, text, wholeNumber } from './fields.ts';

/*
 * The schema of a settings file: contracts/public/config.ts in a form that checks values. Values are not changed; to-pipelines.ts adds the defaults.
 */

const { leaseMarginMs } = DEFAULT_LANE_OPTIONS;
const { heartbeatTimeoutMs } = DEFAULT_PIPELINE_OPTIONS;
const MIN_IDLE_MS = leaseMarginMs + heartbeatTimeoutMs + REQUEST_TIMEOUT_MS + LEASE_CONFIRMED_EVERY_MS;

const region = text(/^[a-z0-9-]+$/, 'the name of an AWS region, such as "eu-central-1"');
const endpoint = text(/^https?:\/\/\S+$/, 'a URL that starts with http:// or https://');

const kinesis = fields(
  {
    kind: z.literal('kinesis'),
    stream: text(/^(arn:[^\s]+:stream\/)?[\w.-]{1,128}$/, 'the name or the ARN of a Kinesis data stream'),
    startAt: checked<'TRIM_HORIZON' | 'LATEST' | Date>(isKinesisStart, ({ input }) => kinesisStart(input)).optional(),
    fanOut: fields(
      { consumer: text(/^[\w.-]{1,128}$/, 'a name of letters, digits, "_", "." and "-", at most 128') },
      'an object such as { consumer: "keylane-orders" }',
    ).optional(),
    region: region.optional(),
    endpoint: endpoint.optional(),
  },
  'kinesis({ stream })',
);

const dynamodb = fields(
  {
    kind: z.literal('dynamodb'),
    table: text(/^(arn:[^\s]+:table\/)?[\w.-]{3,255}$/, 'the name of a DynamoDB table'),
    startAt: checked<'TRIM_HORIZON' | 'LATEST'>(isNamedStart, ({ input }) => dynamodbStart(input)).optional(),
    region: region.optional(),
    endpoint: endpoint.optional(),
  },
  'dynamodb({ table })',
);

const retry = fields(
  {
    maxAttempts: wholeNumber(1, 1_000_000).optional(),
    initialInterval: duration().optional(),
    backoff: checked<number>(
      (value) => typeof value === 'number' && value >= 1 && value <= 1000,
      'must be a number from 1 to 1000',
    ).optional(),
    maxInterval: duration().optional(),
  },
  'an object such as { maxAttempts: 10, initialInterval: "1s", backoff: 2, maxInterval: "1m" }',
).refine(intervalsFit, {
  path: ['maxInterval'],
  error: 'must not be shorter than initialInterval',
  // Also when another field is wrong: all problems are reported at once.
  when: () => true,
});

const reading = fields(
  {
    maxReaders: wholeNumber(1, 1000).optional(),
    discoverEvery: duration().optional(),
    shift: duration().optional(),
    recordsInFlight: wholeNumber(1, 1_000_000).optional(),
    bytesInFlight: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
    requestsInFlight: wholeNumber(1, 10_000).optional(),
    idlePoll: duration().optional(),
    warnBefore: duration().optional(),
  },
  'an object such as { maxReaders: 16 }',
);

const store = z.discriminatedUnion(
  'kind',
  [
    fields(
      { kind: z.literal('folder'), path: text(/^(?!\w+:\/\/).*\S/, 'the path of a folder') },
      'folder("./large-events")',
    ),
    fields(
      {
        kind: z.literal('s3'),
        bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of an S3 bucket'),
        prefix: text(
          /^[\w!.*'()-]+(\/[\w!.*'()-]+)*$/,
          'a string such as "keylane/orders", without a slash at its ends',
        ).optional(),
        region: region.optional(),
        endpoint: endpoint.optional(),
      },
      's3({ bucket: "orders-large-events" })',
    ),
  ],
  { error: 'must be folder("./large-events") or s3({ bucket })' },
);

const largeEvents = fields(
  { above: size(MIN_INLINE_BYTES, MAX_INLINE_BYTES).optional(), store: store.optional() },
  'an object such as { store: folder("./large-events") }',
);

const backlog = fields(
  {
    events: wholeNumber(MIN_SEGMENT_LIMITS.events, MAX_SEGMENT_LIMITS.events).optional(),
    bytes: size(MIN_SEGMENT_LIMITS.bytes, MAX_SEGMENT_LIMITS.bytes).optional(),
  },
  'an object such as { events: 1000, bytes: "256 KiB" }',
);

const pools = fields(
  {
    count: wholeNumber(1, 1024).optional(),
    slowAfter: duration().optional(),
    maxHold: duration()
      .refine((value) => (durationMs(value) ?? 0) <= MAX_MAX_HOLD_MS, {
        error:
          'must be at most 6h: a quarter of the 24 hours for which a source keeps a record at least. While keys are held, ' +
          'reading may wait for them',
      })
      .optional(),
  },
  'an object such as { count: 4, slowAfter: "2s" }',
);

const pipeline = fields(
  {
    source: z.discriminatedUnion('kind', [kinesis, dynamodb], {
      error: 'must be kinesis({ stream }) or dynamodb({ table })',
    }),
    key: oneFunction<(record: KeyableRecord) => string>('a function of a record that returns its key').optional(),
    // Read by filter-problems.ts, which knows the source.
    filter: z.unknown().optional(),
    handler: checked<string | Handler>(
      (value) => typeof value === 'function' || (typeof value === 'string' && value !== ''),
      'must be a path to a module, relative to the settings file, or a function',
    ),
    order: z.enum(['key', 'none'], { error: 'must be "key" or "none"' }).optional(),
    retry: retry.optional(),
    timeout: duration().optional(),
    stopTimeout: duration().optional(),
    idle: duration({ ms: MIN_IDLE_MS, why: idleRule() }).optional(),
    hosting: z.enum(['own', 'pooled'], { error: 'must be "own" or "pooled"' }).optional(),
    pools: pools.optional(),
    reading: reading.optional(),
    backlog: backlog.optional(),
    largeEvents: largeEvents.optional(),
  },
  'an object such as { source: kinesis({ stream: "orders" }), handler: "./orders.ts" }',
);

export const configSchema = fields(
  {
    temporal: fields(
      {
        address: text(/^(?!\w+:\/\/)[^\s/]+$/, '"host:port", without a scheme').optional(),
        namespace: text(/^\S+$/, 'a string without spaces').optional(),
        taskQueue: text(/^(?!.*-bridge$)\S{1,200}$/, taskQueueRule()).optional(),
        deployment: fields(
          { name: text(DEPLOYMENT_NAME, DEPLOYMENT_NAME_FORM), buildId: text(BUILD_ID, BUILD_ID_FORM).optional() },
          'an object such as { name: "orders", buildId: process.env.GIT_COMMIT }',
        ).optional(),
      },
      'an object such as { address: "localhost:7233" }',
    ).optional(),
    metrics: fields(
      { address: checked<string>(isMetricsAddress, `must be ${METRICS_ADDRESS_FORM}`).optional() },
      'an object such as { address: "0.0.0.0:9464" }',
    ).optional(),
    log: fields(
      { keys: checked<boolean>((value) => typeof value === 'boolean', 'must be true or false').optional() },
      'an object such as { keys: false }',
    ).optional(),
    largeEvents: largeEvents.optional(),
    pipelines: z
      .record(
        text(PIPELINE_NAME, 'a name that starts with a letter and has letters, digits, - and _, at most 64'),
        pipeline,
        { error: ({ code }) => (code === 'invalid_key' ? nameRule() : 'must be an object: pipelines by their names') },
      )
      .refine((pipelines) => Object.keys(pipelines).length > 0, { error: 'must have at least one pipeline' }),
  },
  'what defineConfig({ pipelines: { ... } }) returns',
);

function taskQueueRule(): string {
  return 'a string without spaces, at most 200 characters, that does not end in "-bridge": reading for a task queue "orders" uses "orders-bridge"';
}

function nameRule(): string {
  return "a pipeline's name starts with a letter and has letters, digits, - and _, at most 64";
}

function idleRule(): string {
  const seconds = MIN_IDLE_MS / 1000;
  return `must be longer than ${seconds}s: the lease margin (${leaseMarginMs / 1000}s), the readers' heartbeat timeout (${heartbeatTimeoutMs / 1000}s), the deadline of a request (${REQUEST_TIMEOUT_MS / 1000}s) and the time in which a reader may not know that it was replaced (${LEASE_CONFIRMED_EVERY_MS / 1000}s) together. A lane that completed sooner could forget what it has accepted while a reader may still send it again (O6)`;
}

function intervalsFit(value: { readonly initialInterval?: unknown; readonly maxInterval?: unknown }): boolean {
  const [initial, max] = [durationMs(value?.initialInterval), durationMs(value?.maxInterval)];
  return initial === undefined || max === undefined || initial <= max;
}

function isNamedStart(value: unknown): boolean {
  return value === 'TRIM_HORIZON' || value === 'LATEST';
}

function isKinesisStart(value: unknown): boolean {
  // Kinesis rejects a time in the future.
  return isNamedStart(value) || (value instanceof Date && value.getTime() <= Date.now());
}

function kinesisStart(value: unknown): string {
  if (!(value instanceof Date)) return 'must be "TRIM_HORIZON", "LATEST" or a Date';
  return Number.isNaN(value.getTime()) ? 'is not a valid Date' : 'is in the future: Kinesis only reads from the past';
}

function dynamodbStart(value: unknown): string {
  const allowed = '"TRIM_HORIZON" (all that the stream still has, 24 hours) or "LATEST"';
  return value instanceof Date
    ? `DynamoDB Streams cannot be read from a point in time; use ${allowed}`
    : `must be ${allowed}`;
}
